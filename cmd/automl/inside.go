package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"automl/trial"
	"automl/trial/certs"
	"automl/trial/private"
	"automl/web"
)

// tokenName is the file with the bearer token of a data directory's daemon. It stays the same over restarts, for programs elsewhere.
const tokenName = "token"

// keptToken reads the token, or makes one.
func keptToken(dir string) (string, error) {
	path := filepath.Join(dir, tokenName)
	text, err := os.ReadFile(path)
	if token := strings.TrimSpace(string(text)); err == nil && len(token) >= 32 {
		return token, os.Chmod(path, 0o600)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", trial.Wrap(trial.Storage, err, "read the token of the HTTP API")
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	token := hex.EncodeToString(secret[:])
	return token, trial.Wrap(trial.Storage, private.Write(path, []byte(token+"\n")), "keep the token of the HTTP API")
}

// info is what daemon.json says: how the daemon is reached from its own machine.
func (t *tree) info(api net.Addr, token string) daemonInfo {
	info := daemonInfo{URL: "http://" + t.near(api), Token: token, PID: os.Getpid()}
	if id := t.safe.id; id != nil {
		info.URL = "https://" + t.near(api)
		info.CA = t.serve.ca
		if t.serve.cert == "" {
			info.CA = filepath.Join(t.dir, certs.CAFile)
		}
		if abs, err := filepath.Abs(info.CA); err == nil && info.CA != "" {
			info.CA = abs
		}
	}
	switch {
	case t.nats == nil:
		info.NATS = t.serve.cluster.urls
	case t.safe.id != nil:
		u, _ := url.Parse(t.nats.URL()) // our own server's
		u.Host = net.JoinHostPort(t.nearHost(u.Hostname()), u.Port())
		info.NATS = u.String()
	default:
		info.NATS = t.nats.URL()
	}
	return info
}

// near is an address of ours as this machine reaches it.
func (t *tree) near(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	return net.JoinHostPort(t.nearHost(host), port)
}

// nearHost is a host of ours under which this machine reaches us: one that the certificate holds.
func (t *tree) nearHost(host string) string {
	if id := t.safe.id; id != nil && t.serve.cert != "" {
		return id.Host
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		return "127.0.0.1"
	}
	return host
}

// door lets runners in, where the bus is our own and other machines may reach it.
func (t *tree) door(api net.Addr) web.Door {
	if t.roster == nil {
		return nil
	}
	_, apiPort, _ := net.SplitHostPort(api.String()) // both are our own servers'
	u, _ := url.Parse(t.nats.URL())
	port, _ := net.LookupPort("tcp", u.Port())
	return &door{roster: t.roster, id: t.safe.id, address: net.JoinHostPort(t.safe.host, apiPort), port: port}
}
