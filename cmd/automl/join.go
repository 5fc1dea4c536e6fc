package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/nats-io/nkeys"

	"automl/trial"
	"automl/trial/certs"
	"automl/trial/dispatch"
	"automl/trial/private"
	"automl/web"
)

// membership is DATA-DIR/join.json: how a runner that joined a daemon gets on its bus. Its owner alone may read it.
type membership struct {
	Daemon string `json:"daemon"` // host:port of the API
	Token  string `json:"token"`  // id of the join token
	Seed   string `json:"seed"`   // of the runner's nkey, which never leaves this machine
	Owner  string `json:"owner"`  // of its runs; empty while it has not been let in
	NATS   string `json:"nats"`
	CA     string `json:"ca,omitempty"`
}

func joinFile(dir string) string { return filepath.Join(dir, "join.json") }

// readMembership reads such a file; found is false where there is none.
func readMembership(path string) (m membership, found bool, err error) {
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, false, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &m)
	}
	if err != nil {
		return m, false, &trial.Error{Code: trial.Invalid, Msg: "read how this runner joined", Err: err,
			Hint: "delete " + path + " and join anew: automl runner --join TOKEN"}
	}
	return m, true, nil
}

// keep writes such a file whole or not at all.
func (m membership) keep(path string) error {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return private.Write(path, append(data, '\n'))
}

// join makes a runner a member of the daemon that a token names. It asks once a token and data directory: when the runner is started
// again with the same token it is the member that it was. Until the daemon has let it in, an earlier membership stays.
func join(ctx context.Context, dir, token, name string) (membership, error) {
	t, err := parseTicket(token)
	if err != nil {
		return membership{}, err
	}
	m, found, err := readMembership(joinFile(dir))
	if err != nil || found && m.Token == t.id && m.Daemon == t.address {
		return m, err
	}
	asked := filepath.Join(dir, "join-asked.json")
	if m, found, err = readMembership(asked); err != nil {
		return m, err
	}
	if !found || m.Token != t.id || m.Daemon != t.address {
		pair, err := nkeys.CreateUser()
		if err != nil {
			return m, err
		}
		seed, err := pair.Seed()
		if err != nil {
			return m, err
		}
		m = membership{Daemon: t.address, Token: t.id, Seed: string(seed)}
		if err := m.keep(asked); err != nil { // before it is used up: the answer may be lost
			return m, trial.Wrap(trial.Storage, err, "keep the key of this runner")
		}
	}
	pair, err := nkeys.FromSeed([]byte(m.Seed))
	if err != nil {
		return m, trial.Wrap(trial.Invalid, err, "the key in %s", asked)
	}
	public, err := pair.PublicKey()
	if err != nil {
		return m, err
	}
	d := web.NewClient("https://"+t.address, "", certs.Pinned(t.host(), t.fingerprint))
	defer d.Close()
	joined, err := d.Join(ctx, t.joining(name, public))
	if err != nil {
		return m, fmt.Errorf("join the daemon at %s: %w", t.address, err)
	}
	m.Owner, m.CA, m.NATS = joined.Owner, joined.CA, "tls://"+net.JoinHostPort(t.host(), strconv.Itoa(joined.Port))
	if err := m.keep(joinFile(dir)); err != nil {
		return m, trial.Wrap(trial.Storage, err, "keep the membership of this runner")
	}
	return m, trial.Wrap(trial.Storage, os.Remove(asked), "keep the membership of this runner")
}

// options are those of the connection of a member.
func (m membership) options() (dispatch.Options, error) {
	if m.Owner == "" {
		return dispatch.Options{}, trial.Errorf(trial.Invalid, "this runner has not joined the daemon at %s yet", m.Daemon).
			WithHint("automl runner --join TOKEN")
	}
	trust, err := certs.Client([]byte(m.CA))
	return dispatch.Options{URL: m.NATS, Credentials: dispatch.Credentials{Seed: m.Seed}, TLS: trust}, err
}
