package dispatch

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/certs"
	"automl/trial/dispatch/dispatchtest"

	"github.com/rs/zerolog"
)

// TestOwnCertificateIsNotTrusted: a daemon whose system does not know its authority says so, and its store stays.
func TestOwnCertificateIsNotTrusted(t *testing.T) {
	dir := t.TempDir()
	fill(t, dir)
	id, err := certs.Generated(t.TempDir(), []string{"127.0.0.1"}, time.Now)
	ok(t, err)
	other, err := certs.Client(nil)
	ok(t, err)
	elsewhere, err := certs.Client(id.CA)
	ok(t, err)
	elsewhere.ServerName = "elsewhere"
	for name, c := range map[string]struct {
		trust *tls.Config
		says  string
	}{
		"the system's":   {other, "--tls-ca names the authority"},
		"nothing said":   {nil, "--tls-ca names the authority"},
		"for other host": {elsewhere, "name or address that stands in the URL"},
	} {
		_, err := Serve(ServeOptions{Dir: dir, Log: zerolog.Nop(), TLS: id.Server, Trust: c.trust})
		if trial.CodeOf(err) != trial.Invalid || !strings.Contains(err.Error(), "certificate") || !strings.Contains(trial.HintOf(err), c.says) {
			t.Errorf("%s: %v (%s)", name, err, trial.HintOf(err))
		}
	}
	if got := broken(t, dir); len(got) > 0 {
		t.Errorf("moved aside: %v", got)
	}
	checkWorks(t, dir)
	if got := broken(t, dir); len(got) > 0 {
		t.Errorf("moved aside: %v", got)
	}
}

// TestRunnerDoesNotWaitForTrust: what waiting does not mend ends the start of a runner and of a daemon, with a hint.
func TestRunnerDoesNotWaitForTrust(t *testing.T) {
	d := openDoor(t)
	plain := serve(t, t.TempDir(), "")
	with := func(change func(*Options)) Options {
		o := d.options(d.s.Credentials(RoleRunner))
		change(&o)
		return o
	}
	other, err := certs.Generated(t.TempDir(), []string{"127.0.0.1"}, time.Now)
	ok(t, err)
	for name, c := range map[string]struct {
		o    Options
		says string
	}{
		"the system's authorities": {with(func(o *Options) { o.TLS = nil }), "who signed"},
		"another authority":        {with(func(o *Options) { o.TLS, _ = certs.Client(other.CA) }), "who signed"},
		"another name": {with(func(o *Options) {
			o.TLS, _ = certs.Client(d.ca)
			o.TLS.ServerName = "elsewhere"
		}), "stands in the URL"},
		"no TLS there": {with(func(o *Options) { o.URL = plain.URL() }), "speaks no TLS"},
	} {
		if _, err := NewRunner(t.Context(), "run1", c.o); trial.CodeOf(err) != trial.Invalid || !strings.Contains(trial.HintOf(err), c.says) {
			t.Errorf("runner, %s: %v (%s)", name, err, trial.HintOf(err))
		}
		if _, err := NewDaemon(t.Context(), c.o); trial.CodeOf(err) != trial.Invalid || !strings.Contains(trial.HintOf(err), c.says) {
			t.Errorf("daemon, %s: %v (%s)", name, err, trial.HintOf(err))
		}
	}
}

// TestCredentialFiles: a file that is not there or holds no credentials is said as such, and so is a bus that is away.
func TestCredentialFiles(t *testing.T) {
	dir := t.TempDir()
	empty, seed := filepath.Join(dir, "empty.creds"), filepath.Join(dir, "seed")
	ok(t, os.WriteFile(empty, nil, 0o600))
	ok(t, os.WriteFile(seed, []byte("SUAA"), 0o600))
	url := external(t)
	for _, file := range []string{filepath.Join(dir, "none"), dir, empty, seed} {
		o := Options{URL: url, Credentials: Credentials{File: file}, Log: zerolog.Nop()}
		if _, err := NewDaemon(t.Context(), o); trial.CodeOf(err) != trial.Invalid || !strings.Contains(trial.HintOf(err), "--nats-creds") {
			t.Errorf("%s: %v (%s)", file, err, trial.HintOf(err))
		}
	}
	o := Options{URL: "nats://" + dispatchtest.Address(t), Log: zerolog.Nop()}
	if _, err := NewDaemon(t.Context(), o); trial.CodeOf(err) != trial.Unavailable || trial.HintOf(err) == "" {
		t.Errorf("a bus that is away: %v (%s)", err, trial.HintOf(err))
	}
}

// TestDisk: what the disk does not let the server do has code Storage.
func TestDisk(t *testing.T) {
	dir := t.TempDir()
	ok(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))
	if _, err := Serve(ServeOptions{Dir: filepath.Join(dir, "file/x"), Log: zerolog.Nop()}); trial.CodeOf(err) != trial.Storage {
		t.Errorf("the data directory: %v", err)
	}
	ok(t, os.MkdirAll(filepath.Join(dir, AuthFile), 0o700))
	if _, err := Serve(ServeOptions{Dir: dir, Log: zerolog.Nop()}); trial.CodeOf(err) != trial.Storage {
		t.Errorf("the secrets: %v", err)
	}
}
