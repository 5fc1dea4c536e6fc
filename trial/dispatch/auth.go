package dispatch

import (
	"crypto/sha256"
	"crypto/subtle"

	"github.com/nats-io/nats-server/v2/server"
)

// Grants are the subjects a user may publish to and subscribe to; all others are denied.
type Grants struct {
	Publish   []string
	Subscribe []string
}

// Permissions are what a user of the bus needs, for the configuration of an external server. The daemon's do not depend on run;
// a runner's are those of its run, or of every run when run is "*".
func Permissions(role Role, run string) Grants {
	if role == RoleDaemon {
		return Grants{
			Publish:   []string{root + ">", "$JS.API.>", "$JS.ACK.>", inboxPrefix + ".>"},
			Subscribe: []string{root + ">", inbox(string(RoleDaemon)) + ".>"},
		}
	}
	g := Grants{
		Publish: []string{
			root + "in." + run + ".>",
			"$JS.API.CONSUMER.INFO." + workStream + "." + workConsumer,
			"$JS.API.CONSUMER.MSG.NEXT." + workStream + "." + workConsumer,
			"$JS.ACK." + workStream + "." + workConsumer + ".>",
		},
		Subscribe: []string{runSubject(kindOut, run), inbox(run) + ".>"},
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

func inbox(name string) string { return inboxPrefix + "." + name }

// doorkeeper lets clients in by user and password, and gives a runner the permissions of the run it names itself.
type doorkeeper struct{ secrets secrets }

// Check implements server.Authentication.
func (d doorkeeper) Check(c server.ClientAuthentication) bool {
	o := c.GetOpts()
	switch Role(o.Username) {
	case RoleDaemon:
		if !same(o.Password, d.secrets.Daemon) {
			return false
		}
		c.RegisterUser(&server.User{Username: o.Username, Permissions: Permissions(RoleDaemon, "").server()})
		return true
	case RoleRunner:
		if !same(o.Password, d.secrets.Runner) || !tokenPattern.MatchString(o.Name) || o.Name == string(RoleDaemon) {
			return false
		}
		c.RegisterUser(&server.User{Username: o.Username, Permissions: Permissions(RoleRunner, o.Name).server()})
		return true
	}
	return false
}

// same compares in constant time.
func same(given, secret string) bool {
	a, b := sha256.Sum256([]byte(given)), sha256.Sum256([]byte(secret))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}
