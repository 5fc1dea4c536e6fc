// Package certs has the certificates under which a daemon is reached from other machines: those of an authority (CA) of its own,
// made in the data directory, or files that were given.
package certs

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"os"
	"time"

	"automl/trial"
)

// Identity is how a server shows who it is, and how its clients check that.
type Identity struct {
	Server *tls.Config
	CA     []byte // certificates in PEM that clients trust; nil: those of their system
	Host   string // a name or address that the certificate holds
}

// Given is the identity in files: a certificate with its chain and its key, and the authority that clients shall trust, where that
// is not one their systems know.
func Given(certFile, keyFile, caFile string) (Identity, error) {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		return Identity{}, &trial.Error{Code: trial.Invalid, Msg: "the certificate of the daemon", Err: err,
			Hint: "give a certificate and its key in PEM: --tls-cert FILE --tls-key FILE"}
	}
	id := Identity{Server: serverConfig(func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return &pair, nil })}
	leaf := pair.Leaf
	switch {
	case len(leaf.DNSNames) > 0:
		id.Host = leaf.DNSNames[0]
	case len(leaf.IPAddresses) > 0:
		id.Host = leaf.IPAddresses[0].String()
	default:
		return Identity{}, trial.Errorf(trial.Invalid, "the certificate in %s is for no host", certFile).
			WithHint("it needs a subject alternative name: the name or address by which the daemon is reached")
	}
	if time.Now().After(leaf.NotAfter) {
		return Identity{}, trial.Errorf(trial.Invalid, "the certificate in %s expired on %s", certFile, leaf.NotAfter.Format(time.DateOnly)).
			WithHint("renew it")
	}
	if caFile == "" {
		return id, nil
	}
	if id.CA, err = os.ReadFile(caFile); err != nil {
		return Identity{}, trial.Wrap(trial.Invalid, err, "read the authority of the daemon's certificate")
	}
	pool, err := poolOf(id.CA)
	if err != nil {
		return Identity{}, trial.Wrap(trial.Invalid, err, "%s", caFile)
	}
	for _, der := range pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(c)
		}
	}
	if _, err := leaf.Verify(x509.VerifyOptions{Roots: pool}); err != nil {
		return Identity{}, trial.Wrap(trial.Invalid, err, "the certificate in %s under the authority in %s", certFile, caFile)
	}
	return id, nil
}

func serverConfig(get func(*tls.ClientHelloInfo) (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS13, GetCertificate: get}
}

// Client is what a client needs that trusts certain authorities, in PEM; without any, those of its system.
func Client(ca []byte) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS13}
	if len(ca) == 0 {
		return c, nil
	}
	var err error
	c.RootCAs, err = poolOf(ca)
	return c, err
}

// Pinned is what a client needs that knows no more of a server than its host and the fingerprint of its authority: the server must
// show that authority, and a certificate for the host that it signed. Without a fingerprint the system's authorities count.
func Pinned(host, fingerprint string) *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: host}
	if fingerprint == "" {
		return c
	}
	c.InsecureSkipVerify = true // what stands below verifies instead
	c.VerifyConnection = func(s tls.ConnectionState) error {
		pool := x509.NewCertPool()
		for _, cert := range s.PeerCertificates[1:] {
			if fingerprintOf(cert.Raw) == fingerprint {
				pool.AddCert(cert)
				_, err := s.PeerCertificates[0].Verify(x509.VerifyOptions{Roots: pool, DNSName: host})
				return err
			}
		}
		return trial.Errorf(trial.Invalid, "the server at %s has not the authority with the fingerprint %.16s...: it is another daemon, or somebody in between",
			host, fingerprint)
	}
	return c
}

// Fingerprint is the SHA-256 of the first certificate in a PEM text, in hex; empty for none.
func Fingerprint(ca []byte) string {
	block, _ := pem.Decode(ca)
	if block == nil {
		return ""
	}
	return fingerprintOf(block.Bytes)
}

func fingerprintOf(der []byte) string {
	sum := sha256.Sum256(der)
	return hex.EncodeToString(sum[:])
}

func poolOf(ca []byte) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(ca) {
		return nil, trial.Errorf(trial.Invalid, "no certificate in PEM is in it")
	}
	return pool, nil
}

// The lives of certificates. A server's is renewed when a third of its life is left.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 90 * 24 * time.Hour
)
