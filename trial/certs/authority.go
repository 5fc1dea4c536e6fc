package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"path/filepath"
	"sync"
	"time"

	"automl/trial"
	"automl/trial/private"
)

// The files of a data directory.
const (
	CAFile  = "ca.pem"
	keyFile = "ca-key.pem"
)

// Generated is an identity under an authority of the data directory's own, which is made when there is none. hosts are the names
// and addresses by which the daemon is reached. The key of the authority never leaves the directory; that of the server's
// certificate is never written.
func Generated(dir string, hosts []string, now func() time.Time) (Identity, error) {
	a, err := openAuthority(dir, now)
	if err != nil {
		return Identity{}, err
	}
	a.hosts = hosts
	if _, err := a.certificate(nil); err != nil {
		return Identity{}, trial.Wrap(trial.Internal, err, "make the daemon's certificate")
	}
	return Identity{Server: serverConfig(a.certificate), CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}),
		Host: hosts[0]}, nil
}

// authority signs the certificates of one daemon.
type authority struct {
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
	hosts []string
	now   func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
}

// openAuthority reads the authority of a data directory, or makes it.
func openAuthority(dir string, now func() time.Time) (*authority, error) {
	certPath, keyPath := filepath.Join(dir, CAFile), filepath.Join(dir, keyFile)
	pair, err := tls.LoadX509KeyPair(certPath, keyPath)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeAuthority(certPath, keyPath, now()); err != nil {
			return nil, coded(err, "make a certificate authority")
		}
		pair, err = tls.LoadX509KeyPair(certPath, keyPath)
	}
	var unread *fs.PathError
	if errors.As(err, &unread) {
		return nil, trial.Wrap(trial.Storage, err, "read the certificate authority")
	}
	if err != nil {
		return nil, &trial.Error{Code: trial.Invalid, Msg: "the certificate authority in " + dir, Err: err,
			Hint: "delete ca.pem and ca-key.pem there: new ones are made, and runners have to join anew"}
	}
	key, isEC := pair.PrivateKey.(*ecdsa.PrivateKey)
	if !isEC || !pair.Leaf.IsCA {
		return nil, trial.Errorf(trial.Invalid, "%s is no certificate authority that automl made", certPath).
			WithHint("give certificates of your own with --tls-cert, --tls-key and --tls-ca")
	}
	return &authority{cert: pair.Leaf, key: key, now: now}, nil
}

// coded is an error with its own code where it has one: that of a disk that does not take a file.
func coded(err error, what string) error {
	var known *trial.Error
	if errors.As(err, &known) {
		return fmt.Errorf("%s: %w", what, err)
	}
	return trial.Wrap(trial.Internal, err, "%s", what)
}

func makeAuthority(certPath, keyPath string, now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	t := &x509.Certificate{Subject: pkix.Name{CommonName: "automl"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(authorityLife),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign}
	if t.SerialNumber, err = serial(); err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	if err := private.Write(keyPath, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})); err != nil {
		return err
	}
	return private.WriteMode(certPath, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644)
}

func serial() (*big.Int, error) { return rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)) }

// certificate is the daemon's, renewed while it runs. It brings the authority along, so that a client that only knows its
// fingerprint can check it.
func (a *authority) certificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	if a.current != nil && now.Before(a.current.Leaf.NotAfter.Add(-serverLife/3)) {
		return a.current, nil
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{Subject: pkix.Name{CommonName: "automl daemon"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(serverLife),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	for _, h := range a.hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	if t.SerialNumber, err = serial(); err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, t, a.cert, &key.PublicKey, a.key)
	if err != nil {
		return nil, fmt.Errorf("a certificate for %v: %w", a.hosts, err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	a.current = &tls.Certificate{Certificate: [][]byte{der, a.cert.Raw}, PrivateKey: key, Leaf: leaf}
	return a.current, nil
}
