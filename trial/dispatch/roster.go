package dispatch

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"automl/trial"
	"automl/trial/private"

	"github.com/nats-io/nkeys"
)

// RosterFile is the name of the file with the join tokens and the runners that joined, in the data directory. It holds no secret:
// of tokens it has hashes, of runners their public keys.
const RosterFile = "runners.json"

// Token lets runners join.
type Token struct {
	ID      string    `json:"id"`
	Hash    string    `json:"hash"` // SHA-256 of its secret
	Created time.Time `json:"created"`
	Expires time.Time `json:"expires"`
	Uses    int       `json:"uses"` // runners that may still join; -1: any number
}

// Member is a runner that joined. Its id is the owner of its runs.
type Member struct {
	ID     string    `json:"id"`
	Name   string    `json:"name"`
	Key    string    `json:"key"`   // its public nkey
	Token  string    `json:"token"` // with which it joined
	Joined time.Time `json:"joined"`
}

// Roster is who may join, and who has. Its methods may be called from several goroutines.
type Roster struct {
	path string
	now  func() time.Time
	kick func(owner string) // closes the connections of a runner that may not stay; set by the server

	mu      sync.Mutex
	Tokens  []Token  `json:"tokens"`
	Members []Member `json:"runners"`
}

// OpenRoster reads the roster of a data directory.
func OpenRoster(dir string, now func() time.Time) (*Roster, error) {
	r := &Roster{path: filepath.Join(dir, RosterFile), now: now, kick: func(string) {}}
	data, err := os.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, nil
	}
	if err == nil {
		err = json.Unmarshal(data, r)
	}
	if err != nil {
		e := trial.Errorf(trial.Invalid, "read the runners that joined").WithHint("delete %s: runners have to join anew", r.path)
		e.Err = err
		return nil, e
	}
	return r, nil
}

// keep writes the roster whole or not at all. The lock is held.
func (r *Roster) keep() error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return trial.Wrap(trial.Storage, private.Write(r.path, append(data, '\n')), "keep the list of runners")
}

// change changes the roster and writes it; what can't be written hasn't changed. The lock is held.
func (r *Roster) change(do func()) error {
	tokens, members := slices.Clone(r.Tokens), slices.Clone(r.Members)
	do()
	err := r.keep()
	if err != nil {
		r.Tokens, r.Members = tokens, members
	}
	return err
}

// NewToken makes a token with which so many runners may join (-1: any number) until it expires. The secret is not kept.
func (r *Roster) NewToken(life time.Duration, uses int) (t Token, secret string, err error) {
	if life <= 0 || uses == 0 || uses < -1 {
		return t, "", trial.Errorf(trial.Invalid, "a join token for %v and %d runners", life, uses).
			WithHint("it lives for some time, and for at least one runner; -1 for any number")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	secret = newSecret()[:32]
	now := r.now().UTC()
	t = Token{ID: newSecret()[:8], Hash: hashOf(secret), Created: now, Expires: now.Add(life), Uses: uses}
	return t, secret, r.change(func() {
		r.Tokens = slices.DeleteFunc(r.Tokens, func(old Token) bool { return !now.Before(old.Expires) })
		r.Tokens = append(r.Tokens, t)
	})
}

// errToken says no more than it must.
var errToken = trial.Errorf(trial.Denied, "the join token is unknown, used up or expired").
	WithHint("make a new one on the daemon's machine: automl join-token")

// Join makes a runner a member, under its public key, by a token. The same key again is the same member: an answer may be lost.
func (r *Roster) Join(id, secret, name, key string) (Member, error) {
	if !nkeys.IsValidPublicUserKey(key) {
		return Member{}, trial.Errorf(trial.Invalid, "the public key of the runner is no nkey of a user")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.Tokens, func(t Token) bool { return t.ID == id })
	if i < 0 || !same(hashOf(secret), r.Tokens[i].Hash) || !r.now().Before(r.Tokens[i].Expires) {
		return Member{}, errToken
	}
	if m, found := r.byKey(key); found {
		if m.Token != id {
			return Member{}, errToken
		}
		return m, nil
	}
	if r.Tokens[i].Uses == 0 {
		return Member{}, errToken
	}
	m := Member{ID: "r" + newSecret()[:12], Name: trial.Printable(name), Key: key, Token: id, Joined: r.now().UTC()}
	return m, r.change(func() {
		if r.Tokens[i].Uses > 0 {
			r.Tokens[i].Uses--
		}
		r.Members = append(r.Members, m)
	})
}

// Revoke ends a token, with which nobody joins any more, or a runner, whose connections are closed; code NotFound where there is
// no such id. A runner may also be named, where only one has the name.
func (r *Roster) Revoke(id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if i := slices.IndexFunc(r.Tokens, func(t Token) bool { return t.ID == id }); i >= 0 {
		return r.change(func() { r.Tokens = slices.Delete(r.Tokens, i, i+1) })
	}
	var found []int
	for i, m := range r.Members {
		if m.ID == id || m.Name == id {
			found = append(found, i)
		}
	}
	switch len(found) {
	case 0:
		return trial.Errorf(trial.NotFound, "there is no runner and no join token %q", id).WithHint("automl join-token --list shows them")
	case 1:
	default:
		return trial.Errorf(trial.Conflict, "%d runners are called %q", len(found), id).WithHint("name one by its id: automl join-token --list shows them")
	}
	owner := r.Members[found[0]].ID
	if err := r.change(func() { r.Members = slices.Delete(r.Members, found[0], found[0]+1) }); err != nil {
		return err
	}
	r.kick(owner)
	return nil
}

// List is the tokens that still hold, without their hashes, and the members.
func (r *Roster) List() ([]Token, []Member) {
	r.mu.Lock()
	defer r.mu.Unlock()
	tokens := []Token{}
	for _, t := range r.Tokens {
		if t.Uses != 0 && r.now().Before(t.Expires) {
			t.Hash = ""
			tokens = append(tokens, t)
		}
	}
	return tokens, append([]Member{}, r.Members...)
}

// byKey finds a member. The lock is held.
func (r *Roster) byKey(key string) (Member, bool) {
	for _, m := range r.Members {
		if subtle.ConstantTimeCompare([]byte(m.Key), []byte(key)) == 1 {
			return m, true
		}
	}
	return Member{}, false
}

func (r *Roster) member(key string) (Member, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.byKey(key)
}

func hashOf(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// newSecret is 256 random bits in hex.
func newSecret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}
