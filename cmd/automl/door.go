package main

import (
	"time"

	"automl/trial/certs"
	"automl/trial/dispatch"
	"automl/web"
)

// door lets runners on other machines in, by tokens.
type door struct {
	roster  *dispatch.Roster
	id      *certs.Identity
	address string // of the API, for others
	port    int    // of the bus
}

// Token implements web.Door.
func (d *door) Token(life time.Duration, runners int) (web.JoinToken, error) {
	t, secret, err := d.roster.NewToken(life, runners)
	if err != nil {
		return web.JoinToken{}, err
	}
	out := tokenOf(t)
	out.Token = ticket{t.ID, secret, d.address, certs.Fingerprint(d.id.CA)}.String()
	return out, nil
}

// Join implements web.Door.
func (d *door) Join(j web.Joining) (web.Joined, error) {
	m, err := d.roster.Join(j.ID, j.Secret, j.Name, j.Key)
	return web.Joined{Owner: m.ID, Port: d.port, CA: string(d.id.CA)}, err
}

// Guests implements web.Door.
func (d *door) Guests() (web.Guests, error) {
	tokens, members := d.roster.List()
	out := web.Guests{Tokens: []web.JoinToken{}, Runners: []web.Guest{}}
	for _, t := range tokens {
		out.Tokens = append(out.Tokens, tokenOf(t))
	}
	for _, m := range members {
		out.Runners = append(out.Runners, web.Guest{ID: m.ID, Name: m.Name, Token: m.Token, Joined: m.Joined})
	}
	return out, nil
}

// Revoke implements web.Door.
func (d *door) Revoke(id string) error { return d.roster.Revoke(id) }

func tokenOf(t dispatch.Token) web.JoinToken {
	return web.JoinToken{ID: t.ID, Expires: t.Expires, Runners: t.Uses}
}
