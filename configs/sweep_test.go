package configs

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

func indented(t *testing.T, data []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, data, "", "  "); err != nil {
		t.Fatal(err)
	}
	return b.String() + "\n"
}

// same compares everything of two sweeps but where they came from.
func same(a, b *Sweep) string {
	return cmp.Diff(a, b, cmp.AllowUnexported(Sweep{}), cmpopts.IgnoreFields(Sweep{}, "source", "doc"), cmpopts.EquateEmpty())
}

// fataler is the part of testing.T and rapid.T that again needs.
type fataler interface {
	Fatalf(format string, args ...any)
}

// again parses the document of a sweep, as a daemon does after a restart, and expects the same sweep.
func again(t fataler, s *Sweep) {
	b, err := Parse("stored", s.Document(), "")
	if err != nil {
		t.Fatalf("parse the document %s: %v", s.Document(), err)
	}
	if diff := same(s, b); diff != "" {
		t.Fatalf("another sweep comes back (-first +second)\n%s", diff)
	}
	if s.Digest() != b.Digest() {
		t.Fatalf("another digest comes back")
	}
}

// parsed is a sweep from the text of a minimal one and more lines.
func parsed(t *testing.T, more string) *Sweep {
	t.Helper()
	data, err := os.ReadFile("testdata/good/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("minimal.yaml", append(data, more...), "")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDefaults(t *testing.T) {
	s := parsed(t, "")
	want := &Sweep{
		Name:      "minimal",
		Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize, Folds: trial.Mean},
		Shape:     trial.Shape{Folds: 1, Epochs: 5},
		Sampler:   search.Config{Type: "auto", Objectives: 1},
		Scheduler: schedulers.Config{Type: "auto", Grace: 3}, // whoever asks knows when to stop
		Trainer:   trial.TrainerSpec{Type: "external"},
		Seed:      1,
	}
	if diff := cmp.Diff(want, s, cmpopts.IgnoreUnexported(Sweep{}), cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if got, want := s.FoldPlan(), (trial.FoldPlan{K: 1, Split: trial.Plain, Seed: 1}); got != want {
		t.Errorf("folds %+v, want %+v", got, want)
	}
	if got := parsed(t, "budget: {hours: 2}\n"); got.Budget.Trials != 0 || got.Scheduler.Trials != 0 {
		t.Errorf("a budget of hours has a limit of %d trials", got.Budget.Trials)
	}
	if got := parsed(t, "folds: {k: 4, column: c}\n").FoldPlan(); got.Split != trial.Stratified || got.K != 4 || got.Column != "c" {
		t.Errorf("folds %+v", got)
	}
	if got := parsed(t, "confirm: {seeds: 2}\n").Confirm; got != (Confirm{3, 2}) {
		t.Errorf("confirm %+v", got)
	}
}

func TestFull(t *testing.T) {
	s, err := Load("testdata/good/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"lr": 5e-5, "batch_size": int64(32), "seed_words": int64(3), "scale": 2.0, "note": "plain words are a constant"}
	for name, v := range want {
		if got, _ := s.Enqueue[0].Get(name); got != v {
			t.Errorf("enqueued %s is %T %v, want %v", name, got, got, v)
		}
	}
	for i, p := range s.Enqueue {
		if err := s.Space().Contains(p); err != nil {
			t.Errorf("enqueued %d: %v", i, err)
		}
	}
	if got := s.Resources; got != (trial.Resources{GPUs: 1, Fraction: 0.5, MemoryBytes: 8 << 30, TimeoutSeconds: 5400}) {
		t.Errorf("resources %+v", got)
	}
	if got := s.Trainer.Command; !cmp.Equal(got, []string{"python", "train.py", "--workers", "2"}) {
		t.Errorf("command %q", got)
	}
	if got := s.Trainer.Env["VERBOSE"]; got != "false" {
		t.Errorf("VERBOSE=%q", got)
	}
	if s.Sampler.Gamma != 0.15 || s.Scheduler != (schedulers.Config{Type: "hyperband", Eta: 4, Grace: 3, Brackets: 2, Trials: 100}) {
		t.Errorf("sampler %+v, scheduler %+v", s.Sampler, s.Scheduler)
	}
	if !filepath.IsAbs(s.Trainer.Workdir) || filepath.Base(s.Trainer.Workdir) != "good" {
		t.Errorf("workdir %s", s.Trainer.Workdir)
	}
}

func TestStudy(t *testing.T) {
	s := parsed(t, "seed: 7\nbudget: {trials: 100}\n")
	created := time.Date(2026, 11, 24, 22, 0, 0, 0, time.FixedZone("", 3600))
	study := s.Study("abc", created)
	if err := study.Validate(); err != nil {
		t.Fatal(err)
	}
	if study.Seed != 7 || study.Created.Location() != time.UTC || len(study.Digest) != 64 || !json.Valid(study.Document) {
		t.Errorf("%+v", study)
	}
	if other := parsed(t, "seed: 8\n"); other.Digest() == s.Digest() {
		t.Error("two documents have one digest")
	}
	// The same study written in another way has the same digest.
	if other := parsed(t, "# a comment\nseed: 0o7\nbudget: {trials: 1e2}\n"); other.Digest() != s.Digest() {
		t.Errorf("one document has two digests:\n%s\n%s", other.Document(), s.Document())
	}
}

func TestPlaces(t *testing.T) {
	s, err := Load("testdata/good/image.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string][2]int{
		"trainer.data.label":        {19, 12},
		"trainer.data.image.height": {20, 35},
		"trainer.data.image":        {20, 12},
		"trainer.data.text":         {16, 3}, // not there: the section it would be in
		"parameters.lr.low":         {7, 10},
		"objective":                 {2, 3},
	} {
		if line, column := s.At(path); [2]int{line, column} != want {
			t.Errorf("%s stands at %d:%d, want %v", path, line, column, want)
		}
	}
	got := s.Errorf("trainer.data.label", "%s has no column %q", "rows.csv", "y").Error()
	if want := `testdata/good/image.yaml:19:12: trainer.data.label: rows.csv has no column "y"`; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestLimits(t *testing.T) {
	big := bytes.Repeat([]byte("# 456789\n"), 1<<20/9+1)
	file := filepath.Join(t.TempDir(), "big.yaml")
	if err := os.WriteFile(file, big, 0o600); err != nil {
		t.Fatal(err)
	}
	for what, data := range map[string][]byte{
		"larger than 1 MiB": big,
		"more than 10000":   bytes.Repeat([]byte("a: 1\n"), 20000),
		"deeper than 32":    bytes.Repeat([]byte("["), 100_000),
		"nest deeper":       append([]byte("a: "), bytes.Repeat([]byte("- "), 20_000)...),
	} {
		if _, err := Parse("x.yaml", data, ""); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if _, err := Load(file); err == nil || !strings.Contains(err.Error(), "larger than 1 MiB") {
		t.Errorf("load: %v", err)
	}
}

func TestMany(t *testing.T) {
	many := func(format string, n int) string { return strings.TrimSuffix(strings.Repeat(format+",", n), ",") }
	head := `{"name": "x", "objective": {"metric": "m", "goal": "minimize"}, "epochs": 1, "trainer": "external", `
	for what, data := range map[string]string{
		"2001 parameters are":      head + `"parameters": {` + many(`"p": 1`, 2001) + `}}`,
		"50000 choices are":        head + `"parameters": {"p": {"type": "ordinal", "choices": [` + many("1", 50_000) + `]}}}`,
		"more than the 10000 that": head + `"parameters": {"p": 1}, "enqueue": [` + many("{}", 10001) + `]}`,
		"and 90 more":              head + `"parameters": {"p": 1}, ` + many(`"q": 1`, 20_000) + `}`,
		"the key stands twice":     head + `"parameters": {` + many(`"p": 1`, 1000) + `}}`,
		"10000 configurations":     head + `"budget": {"trials": 100}, "parameters": {"p": 1}, "enqueue": [` + many("{}", 10000) + `]}`,
		"nest deeper than":         head + `"name": ` + strings.Repeat("[", 5000) + strings.Repeat("]", 5000) + `}`,
		"is not one of float, in":  head + `"parameters": {"p": {"type": "` + strings.Repeat("x", 900_000) + `"}}}`,
	} {
		if _, err := Parse("x", []byte(data), ""); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %.200v", what, err)
		} else if len(err.Error()) > 10_000 {
			t.Errorf("%s: the message has %d bytes", what, len(err.Error()))
		}
	}
}

func TestLoadUnreadable(t *testing.T) {
	dir := t.TempDir()
	for file, want := range map[string]string{filepath.Join(dir, "none.yaml"): "no such file", dir: "is a directory"} {
		if _, err := Load(file); err == nil || !strings.Contains(err.Error(), want) || trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestParseNames(t *testing.T) {
	data, err := os.ReadFile("testdata/good/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"a/my sweep (2).yml": "my-sweep-2-", "../_x.json": "x", "night.v2.yaml": "night.v2"} {
		s, err := Parse(name, data, "")
		if err != nil || s.Name != want {
			t.Errorf("%s gives the name %v, %v", name, s, err)
		}
	}
	if _, err := Parse("request body", data, ""); err == nil || !strings.Contains(err.Error(), "name: is missing") {
		t.Errorf("without a name: %v", err)
	}
	relative := bytes.Replace(data, []byte("{type: external}"), []byte("{type: command, command: [x], workdir: here}"), 1)
	if _, err := Parse("x.yaml", relative, ""); err == nil || !strings.Contains(err.Error(), "is relative") {
		t.Errorf("without a folder: %v", err)
	}
	s, err := Parse("x.yaml", relative, "/srv")
	if err != nil || s.Trainer.Workdir != "/srv/here" {
		t.Errorf("with a folder: %v", err)
	}
}
