package dispatch

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"automl/trial"
)

// AuthFile is the name of the file with the embedded server's secrets, in the data directory.
const AuthFile = "nats-auth.json"

// Role is a user of the bus.
type Role string

// The two users of the embedded server.
const (
	RoleDaemon Role = "daemon"
	RoleRunner Role = "runner"
)

// Credentials let a client in: a user with a password, or a NATS credentials file (external servers).
type Credentials struct {
	User     string
	Password string
	File     string // of a NATS .creds file; wins over User
}

// secrets are the passwords of both roles.
type secrets struct {
	Daemon string `json:"daemon"`
	Runner string `json:"runner"`
}

// LoadCredentials reads a role's credentials from an AuthFile: how a runner on the daemon's machine, or one that was given a copy
// of the file, gets in. The daemon's entry may be missing from a copy.
func LoadCredentials(path string, role Role) (Credentials, error) {
	s, err := readSecrets(path)
	if err != nil {
		return Credentials{}, err
	}
	return s.credentials(role), nil
}

func (s secrets) credentials(role Role) Credentials {
	c := Credentials{User: string(role), Password: s.Runner}
	if role == RoleDaemon {
		c.Password = s.Daemon
	}
	return c
}

func readSecrets(path string) (secrets, error) {
	var s secrets
	data, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return s, trial.Wrap(trial.NotFound, err, "read the secrets of the bus")
	case err != nil:
		return s, trial.Wrap(trial.Internal, err, "read the secrets of the bus")
	}
	if err := json.Unmarshal(data, &s); err != nil {
		return s, brokenSecrets(path)
	}
	return s, nil
}

func brokenSecrets(path string) error {
	return trial.Errorf(trial.Invalid, "%s holds no secrets", path).
		WithHint("delete it: the daemon makes a new one, and runners elsewhere need a copy of that")
}

// ensureSecrets reads the secrets of a data directory, or makes them. The file is the owner's only.
func ensureSecrets(dir string) (secrets, error) {
	path := filepath.Join(dir, AuthFile)
	s, err := readSecrets(path)
	if trial.CodeOf(err) == trial.NotFound {
		s = secrets{Daemon: newSecret(), Runner: newSecret()}
		return s, trial.Wrap(trial.Internal, writeSecrets(path, s), "write the secrets of the bus")
	}
	if err != nil {
		return s, err
	}
	if len(s.Daemon) < 32 || len(s.Runner) < 32 {
		return s, brokenSecrets(path)
	}
	return s, trial.Wrap(trial.Internal, os.Chmod(path, 0o600), "guard the secrets of the bus")
}

// newSecret is 256 random bits in hex.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// writeSecrets writes the file whole or not at all.
func writeSecrets(path string, s secrets) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), AuthFile+".*") // CreateTemp makes files 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
