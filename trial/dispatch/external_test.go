package dispatch

import (
	"context"
	"strings"
	"testing"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/rs/zerolog"
)

// external starts a server of somebody else's, with Permissions in its configuration and one user for all runners.
func external(t *testing.T) string {
	n, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, AuthTimeout: requestTime.Seconds(),
		JetStream: true, StoreDir: t.TempDir(), JetStreamMaxStore: 1 << 30, JetStreamMaxMemory: 1 << 20,
		Users: []*server.User{
			{Username: "boss", Password: "b", Permissions: Permissions(RoleDaemon, "").server()},
			{Username: "box", Password: "r", Permissions: Permissions(RoleRunner, "*").server()},
		}})
	ok(t, err)
	n.Start()
	t.Cleanup(func() { n.Shutdown(); n.WaitForShutdown() })
	if !n.ReadyForConnections(dispatchtest.Patience) {
		t.Fatal("the server does not start")
	}
	return n.ClientURL()
}

func TestExternalServer(t *testing.T) {
	dispatchtest.Run(t, func(t *testing.T) dispatchtest.Bus {
		url := external(t)
		d := newDaemon(t, Options{URL: url, Credentials: Credentials{User: "boss", Password: "b"}, Log: zerolog.Nop(), Timeout: requestTime, AckWait: ackTime})
		return dispatchtest.Bus{Daemon: d, Runner: func(run string) dispatchtest.Queue {
			r, err := NewRunner(t.Context(), run, Options{URL: strings.Replace(url, "//", "//box:r@", 1), Log: zerolog.Nop(), Timeout: requestTime})
			ok(t, err)
			t.Cleanup(r.Close)
			return r
		}}
	})
	url := strings.Replace(external(t), "//", "//box:secret@", 1)
	_, err := NewRunner(t.Context(), "run1", Options{URL: url, Log: zerolog.Nop()})
	if trial.CodeOf(err) != trial.Denied || strings.Contains(err.Error(), "secret") {
		t.Error(err)
	}
}

// A daemon that was given a runner's credentials is told so: it does not wait for answers that cannot come.
func TestRunnersCredentialsMakeNoDaemon(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), dispatchtest.Patience)
	defer cancel()
	_, err := NewDaemon(ctx, Options{URL: external(t), Credentials: Credentials{User: "box", Password: "r"}, Patient: true, Log: zerolog.Nop()})
	if trial.CodeOf(err) != trial.Denied || !strings.Contains(err.Error(), "what a daemon must") {
		t.Error(err)
	}
}
