package certs_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/certs"
)

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// serve answers over TLS under an identity, at 127.0.0.1.
func serve(t *testing.T, id certs.Identity) string {
	l, err := tls.Listen("tcp", "127.0.0.1:0", id.Server)
	ok(t, err)
	s := &http.Server{ErrorLog: log.New(io.Discard, "", 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("yes")) })}
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return "https://" + l.Addr().String()
}

func get(url string, c *tls.Config) error {
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: c}}
	defer client.CloseIdleConnections()
	resp, err := client.Get(url)
	if err == nil {
		resp.Body.Close()
	}
	return err
}

func TestGenerated(t *testing.T) {
	dir := t.TempDir()
	id, err := certs.Generated(dir, []string{"127.0.0.1", "::1", "box"}, time.Now)
	ok(t, err)
	url := serve(t, id)
	trust, err := certs.Client(id.CA)
	ok(t, err)
	ok(t, get(url, trust))
	print := certs.Fingerprint(id.CA)
	ok(t, get(url, certs.Pinned("127.0.0.1", print)))
	ok(t, get(url, certs.Pinned("box", print)))
	again, err := certs.Generated(dir, []string{"127.0.0.1"}, time.Now)
	ok(t, err)
	if certs.Fingerprint(again.CA) != print {
		t.Error("the authority is not kept")
	}
	ok(t, get(serve(t, again), trust))
	if i, err := os.Stat(filepath.Join(dir, "ca-key.pem")); err != nil || i.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", i, err)
	}

	other, err := certs.Generated(t.TempDir(), []string{"127.0.0.1"}, time.Now)
	ok(t, err)
	for name, c := range map[string]*tls.Config{
		"the system's authorities": certs.Pinned("127.0.0.1", ""),
		"another fingerprint":      certs.Pinned("127.0.0.1", certs.Fingerprint(other.CA)),
		"another host":             certs.Pinned("elsewhere", print),
		"another address":          certs.Pinned("10.0.0.1", print),
	} {
		if err := get(url, c); err == nil {
			t.Errorf("%s: trusted", name)
		}
	}
	if err := get(url, certs.Pinned("127.0.0.1", certs.Fingerprint(other.CA))); !strings.Contains(err.Error(), "fingerprint") {
		t.Error(err)
	}
	if leaf := leafOf(t, id); get(url, certs.Pinned("127.0.0.1", certs.Fingerprint(leaf))) == nil {
		t.Error("a server's certificate counts as an authority")
	}
}

// leafOf is the certificate of the server itself, in PEM.
func leafOf(t *testing.T, id certs.Identity) []byte {
	c, err := id.Server.GetCertificate(nil)
	ok(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
}

// TestRenewed gives a daemon that runs for months a new certificate in time, under the same authority.
func TestRenewed(t *testing.T) {
	now := time.Now()
	id, err := certs.Generated(t.TempDir(), []string{"127.0.0.1"}, func() time.Time { return now })
	ok(t, err)
	first := leafOf(t, id)
	now = now.Add(30 * 24 * time.Hour)
	if string(leafOf(t, id)) != string(first) {
		t.Error("renewed after a month")
	}
	now = now.Add(40 * 24 * time.Hour)
	second := leafOf(t, id)
	if string(second) == string(first) {
		t.Fatal("not renewed")
	}
	block, _ := pem.Decode(second)
	c, err := x509.ParseCertificate(block.Bytes)
	ok(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(id.CA)
	_, err = c.Verify(x509.VerifyOptions{Roots: pool, CurrentTime: now, DNSName: "127.0.0.1"})
	ok(t, err)
}

func TestGiven(t *testing.T) {
	dir := t.TempDir()
	id, err := certs.Generated(dir, []string{"127.0.0.1"}, time.Now)
	ok(t, err)
	c, err := id.Server.GetCertificate(nil)
	ok(t, err)
	path := func(name string) string { return filepath.Join(dir, name) }
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	ok(t, err)
	ok(t, os.WriteFile(path("server.pem"), leafOf(t, id), 0o600))
	ok(t, os.WriteFile(path("server-key.pem"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key}), 0o600))
	given, err := certs.Given(path("server.pem"), path("server-key.pem"), path("ca.pem"))
	ok(t, err)
	trust, err := certs.Client(given.CA)
	ok(t, err)
	if given.Host != "127.0.0.1" {
		t.Errorf("host %q", given.Host)
	}
	ok(t, get(serve(t, given), trust))
	system, err := certs.Given(path("server.pem"), path("server-key.pem"), "")
	ok(t, err)
	if system.CA != nil || certs.Fingerprint(system.CA) != "" {
		t.Error("an authority out of nothing")
	}
	if _, err = certs.Generated(path("other"), []string{"x"}, time.Now); trial.CodeOf(err) != trial.Storage {
		t.Errorf("a folder that is not there: %v", err)
	}
	ok(t, os.Mkdir(path("other"), 0o700))
	other, err := certs.Generated(path("other"), []string{"x"}, time.Now)
	ok(t, err)
	for name, files := range map[string][3]string{
		"no file":           {path("no.pem"), path("server-key.pem"), ""},
		"another key":       {path("server.pem"), path("ca-key.pem"), ""},
		"no host":           {path("ca.pem"), path("ca-key.pem"), ""},
		"no authority":      {path("server.pem"), path("server-key.pem"), path("server-key.pem")},
		"another authority": {path("server.pem"), path("server-key.pem"), path("other/ca.pem")},
	} {
		if _, err := certs.Given(files[0], files[1], files[2]); trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	ok(t, os.WriteFile(path("other/ca.pem"), leafOf(t, other), 0o600))
	if _, err := certs.Generated(path("other"), []string{"x"}, time.Now); trial.CodeOf(err) != trial.Invalid || trial.HintOf(err) == "" {
		t.Errorf("a spoiled authority: %v", err)
	}
}
