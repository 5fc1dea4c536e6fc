package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "github.com/mattn/go-sqlite3"

	"automl/trial"
	"automl/trial/store"
)

// binary is the program, built once for all tests of this package.
var binary string

func TestMain(m *testing.M) {
	if path := os.Getenv("E2E_NATS"); path != "" {
		os.Exit(natsServer(path))
	}
	if mode := os.Getenv("E2E_TRAINER"); mode != "" {
		os.Exit(testTrainer(mode))
	}
	if len(os.Args) > 1 && os.Args[1] == "trainer" { // of a runner in this process
		main()
	}
	dir, err := os.MkdirTemp("", "automl-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "automl")
	if out, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build the program: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// site is a data directory with a sweep file, and the ways to run the program on it.
type site struct {
	t     *testing.T
	dir   string // data directory
	sweep string // path of the sweep file
	limit time.Duration
	env   []string // besides that of the test
}

// newSite makes a sweep whose trainer is the test binary itself; more is appended to the file.
func newSite(t *testing.T, mode, more string) *site {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	root := t.TempDir()
	s := &site{t: t, dir: filepath.Join(root, "data"), sweep: filepath.Join(root, "sweep.yaml"), limit: patience}
	text := fmt.Sprintf(`name: e2e
objective: {metric: acc, goal: maximize}
parameters:
  lr: {type: float, low: 1e-5, high: 1, log: true}
  opt: {type: categorical, choices: [adamw, sgd]}
scheduler: {type: hyperband, eta: 3}
trainer: {type: command, command: [%q], env: {E2E_TRAINER: %q}}
seed: 3
`, self, mode)
	if epochs := "epochs: {max: 4, grace: 1}"; !strings.Contains(more, "epochs:") {
		more += epochs + "\n"
	}
	text += more
	if err := os.WriteFile(s.sweep, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return s
}

// unhurried is a site whose trainers take half a second for an epoch, so that a test finds them at it, until they are told to hurry.
func unhurried(t *testing.T, more string) (s *site, hurry func()) {
	t.Helper()
	told := filepath.Join(t.TempDir(), "hurry")
	return newSite(t, "pace=500,hurry="+told, more), func() {
		t.Helper()
		if err := os.WriteFile(told, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// rewrite replaces a part of the sweep file.
func (s *site) rewrite(old, new string) {
	s.t.Helper()
	text, err := os.ReadFile(s.sweep)
	if err != nil || !strings.Contains(string(text), old) {
		s.t.Fatalf("%q is not in the sweep: %v", old, err)
	}
	if err := os.WriteFile(s.sweep, []byte(strings.Replace(string(text), old, new, 1)), 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// result is what a command left behind.
type result struct {
	code     int
	out, err string
}

// run runs the program to its end.
func (s *site) run(args ...string) result {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), s.limit)
	defer cancel()
	c := exec.CommandContext(ctx, binary, append(args, "--data-dir", s.dir)...)
	c.WaitDelay, c.Env = 5*time.Second, append(os.Environ(), s.env...)
	var out, errs bytes.Buffer
	c.Stdout, c.Stderr = &out, &errs
	err := c.Run()
	if ctx.Err() != nil {
		s.t.Fatalf("automl %s did not end\n%s", strings.Join(args, " "), errs.String())
	}
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	return result{c.ProcessState.ExitCode(), out.String(), errs.String()}
}

// with is the site with more in the environment.
func (s *site) with(env ...string) *site {
	out := *s
	out.env = append(out.env, env...)
	return &out
}

// ok runs the program and wants exit 0.
func (s *site) ok(args ...string) result {
	s.t.Helper()
	r := s.run(args...)
	if r.code != 0 {
		s.t.Fatalf("automl %s: exit %d\n%s%s", strings.Join(args, " "), r.code, r.out, r.err)
	}
	return r
}

// state reads the record of the only study.
func (s *site) state() (*trial.State, []trial.Event) {
	s.t.Helper()
	db, err := store.OpenReadOnly(s.t.Context(), s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	st, err := db.Load(s.t.Context(), "e2e")
	if err != nil {
		s.t.Fatal(err)
	}
	events, err := db.Events(s.t.Context(), st.Study.ID, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	if wrong, err := db.Verify(s.t.Context()); err != nil || len(wrong) > 0 {
		s.t.Errorf("the summaries disagree with the record: %v %v", wrong, err)
	}
	return st, events
}

// row reads one row of the database as a notebook would.
func (s *site) row(query string, into ...any) {
	s.t.Helper()
	db, err := sql.Open("sqlite3", "file:"+filepath.Join(s.dir, "automl.db")+"?mode=ro")
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	if err := db.QueryRow(query).Scan(into...); err != nil {
		s.t.Fatalf("%s: %v", query, err)
	}
}

func decodeJSON[T any](t *testing.T, text string) T {
	t.Helper()
	var v T
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return v
}
