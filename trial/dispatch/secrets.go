package dispatch

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"automl/trial"
	"automl/trial/private"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nkeys"
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

// Credentials let a client in: a user with a password, an nkey, or what a file holds.
type Credentials struct {
	User     string
	Password string
	Seed     string // of an nkey: what a runner that joined has; wins over User
	File     string // a NATS .creds file, or the seed of an nkey alone; wins over all
}

// option is how a client shows its credentials.
func (c Credentials) option() (nats.Option, error) {
	seed := c.Seed
	if c.File != "" {
		text, err := os.ReadFile(c.File)
		if err != nil {
			return nil, credentialsError(err, "read the credentials of the bus")
		}
		if seed = strings.TrimSpace(string(text)); !strings.HasPrefix(seed, "SU") {
			if _, err := nkeys.ParseDecoratedUserNKey(text); err != nil {
				return nil, credentialsError(err, "the credentials in "+c.File)
			}
			return nats.UserCredentials(c.File), nil
		}
	}
	if seed == "" {
		if c.User == "" {
			return nil, nil
		}
		return nats.UserInfo(c.User, c.Password), nil
	}
	pair, err := nkeys.FromSeed([]byte(seed))
	if err != nil {
		return nil, credentialsError(err, "the nkey of the bus")
	}
	public, err := pair.PublicKey()
	if err != nil {
		return nil, credentialsError(err, "the nkey of the bus")
	}
	return nats.Nkey(public, pair.Sign), nil
}

func credentialsError(err error, what string) error {
	return &trial.Error{Code: trial.Invalid, Msg: what, Err: err,
		Hint: "--nats-creds names a .creds file, or one with the seed of an nkey, that this user may read"}
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
		return s, trial.Wrap(trial.Storage, err, "read the secrets of the bus")
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
		return s, trial.Wrap(trial.Storage, writeSecrets(path, s), "write the secrets of the bus")
	}
	if err != nil {
		return s, err
	}
	if len(s.Daemon) < 32 || len(s.Runner) < 32 {
		return s, brokenSecrets(path)
	}
	return s, trial.Wrap(trial.Storage, os.Chmod(path, 0o600), "guard the secrets of the bus")
}

func writeSecrets(path string, s secrets) error {
	data, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return private.Write(path, append(data, '\n'))
}
