package main

import (
	"net"
	"net/url"
	"regexp"
	"strings"

	"automl/trial"
	"automl/web"
)

// ticket is what a join token says: where the daemon is, how it is known, and the right to join it. As text it is
// automl://ID:SECRET@HOST:PORT/FINGERPRINT; without a fingerprint the authorities of the runner's system count.
type ticket struct {
	id, secret  string
	address     string // host:port of the API
	fingerprint string
}

func (t ticket) String() string {
	u := url.URL{Scheme: "automl", User: url.UserPassword(t.id, t.secret), Host: t.address, Path: "/" + t.fingerprint}
	return u.String()
}

func (t ticket) host() string {
	host, _, _ := net.SplitHostPort(t.address) // parseTicket has checked it
	return host
}

func (t ticket) joining(name, key string) web.Joining {
	return web.Joining{ID: t.id, Secret: t.secret, Name: name, Key: key}
}

var fingerprintPattern = regexp.MustCompile(`^([0-9a-f]{64})?$`)

func parseTicket(text string) (ticket, error) {
	bad := trial.Errorf(trial.Invalid, "this is no join token").WithHint("automl join-token on the daemon's machine makes one: automl://ID:SECRET@HOST:PORT/FINGERPRINT")
	u, err := url.Parse(strings.TrimSpace(text))
	if err != nil || u.Scheme != "automl" || u.User == nil {
		return ticket{}, bad // without its text, which is a secret
	}
	secret, _ := u.User.Password()
	t := ticket{id: u.User.Username(), secret: secret, address: u.Host, fingerprint: strings.TrimPrefix(u.Path, "/")}
	if _, _, err := net.SplitHostPort(t.address); err != nil || t.id == "" || t.secret == "" || !fingerprintPattern.MatchString(t.fingerprint) {
		return ticket{}, bad
	}
	return t, nil
}
