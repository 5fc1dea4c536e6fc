package dispatch

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"

	"automl/trial"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
)

// Grants are the subjects a user may publish to and subscribe to; all others are denied.
type Grants struct {
	Publish   []string
	Subscribe []string
}

// Permissions are what a user of the bus needs, for the configuration of an external server. The daemon's do not depend on run;
// a runner's are those of its run, of all runs of an owner when run is "OWNER-*", or of every run when run is "*".
func Permissions(role Role, run string) Grants {
	if role == RoleDaemon {
		return Grants{
			Publish:   []string{root + ">", "$JS.API.>", "$JS.ACK.>", inboxPrefix + ".>"},
			Subscribe: []string{root + ">", daemonInbox + ".>"},
		}
	}
	g := Grants{
		Publish: []string{
			root + "in." + runTokens(run) + ".>",
			"$JS.API.CONSUMER.INFO." + workStream + "." + workConsumer,
			"$JS.API.CONSUMER.MSG.NEXT." + workStream + "." + workConsumer,
			"$JS.ACK." + workStream + "." + workConsumer + ".>",
		},
		Subscribe: []string{runSubject(kindOut, run), runInbox(run) + ".>"},
	}
	for _, k := range []kind{kindAnnounce, kindHeartbeat, kindLeave, kindProgress} {
		g.Publish = append(g.Publish, runSubject(k, run))
	}
	return g
}

func (g Grants) server() *server.Permissions {
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: g.Publish},
		Subscribe: &server.SubjectPermission{Allow: g.Subscribe},
	}
}

// inboxPrefix starts the subjects that answers to requests come to; each client has its own below it.
const inboxPrefix = "_INBOX"

const daemonInbox = inboxPrefix + "." + string(RoleDaemon)

func runInbox(run string) string { return inboxPrefix + "." + runTokens(run) }

// doorkeeper lets clients in by user and password, or by the nkey of a runner that joined, and gives a runner the permissions of
// the run it names itself: one of its own runs where it joined, one without an owner where it has the shared secret.
type doorkeeper struct {
	secrets secrets
	roster  *Roster
}

// Check implements server.Authentication.
func (d doorkeeper) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if o.Nkey != "" {
		return d.member(c)
	}
	switch Role(o.Username) {
	case RoleDaemon:
		if !same(o.Password, d.secrets.Daemon) {
			return false
		}
		c.RegisterUser(&server.User{Username: o.Username, Permissions: Permissions(RoleDaemon, "").server()})
		return true
	case RoleRunner:
		if !same(o.Password, d.secrets.Runner) || checkRun(o.Name) != nil || trial.Owner(o.Name) != "" {
			return false
		}
		c.RegisterUser(&server.User{Username: o.Username, Permissions: Permissions(RoleRunner, o.Name).server()})
		return true
	}
	return false
}

// member lets in who holds the key of a runner that joined.
func (d doorkeeper) member(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	if d.roster == nil || checkRun(o.Name) != nil {
		return false
	}
	m, known := d.roster.member(o.Nkey)
	if !known || trial.Owner(o.Name) != m.ID || !signed(o.Nkey, o.Sig, c.GetNonce()) {
		return false
	}
	c.RegisterUser(&server.User{Username: m.ID, Permissions: Permissions(RoleRunner, o.Name).server()})
	return true
}

// signed tells whether the holder of a key has signed the nonce of its connection.
func signed(public, signature string, nonce []byte) bool {
	sig, err := base64.RawURLEncoding.DecodeString(signature)
	if err != nil {
		return false
	}
	key, err := nkeys.FromPublicKey(public)
	return err == nil && len(nonce) > 0 && key.Verify(nonce, sig) == nil
}

// same compares in constant time.
func same(given, secret string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
