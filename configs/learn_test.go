package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"automl/search/searchtest"
	"automl/trial"
)

// warm is a sweep that learns from sources.
func warm(t *testing.T, sources string) *Sweep {
	t.Helper()
	s, err := Parse("sweep.yaml", []byte(`name: warm
objective: {metric: val_accuracy, goal: maximize}
parameters:
  lr: {type: float, low: 1e-5, high: 1e-2, log: true}
  batch_size: {type: ordinal, choices: [16, 32, 64], prior: 64}
  optimizer: {type: categorical, choices: [adamw, sgd]}
  momentum: {type: float, low: 0.5, high: 0.99, when: {optimizer: sgd}}
epochs: 2
trainer: {type: external}
warm_start: [`+sources+`]
`), "testdata/warm")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLearnFile(t *testing.T) {
	s := warm(t, "good.csv")
	digest := s.Digest()
	notes, err := s.Learn(Library{Files: true})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/warm/good.document", portable(t, indented(t, s.Document())))
	golden(t, "testdata/warm/good.notes", portable(t, strings.Join(notes, "\n"))+"\n")
	if s.Digest() != digest {
		t.Error("the results changed the digest")
	}
	if len(s.Sampler.Known) != 3 || s.Sampler.Known[0].Value != 0.91 {
		t.Errorf("%+v", s.Sampler.Known)
	}
	// What was read is in the document: a daemon that restarts needs no file.
	again, err := Parse("warm", s.Document(), "")
	if err != nil {
		t.Fatal(err)
	}
	if again.Digest() != digest || string(again.Document()) != string(s.Document()) {
		t.Errorf("read again it is another study: %s", again.Document())
	}
	if notes, err := again.Learn(Library{}); err != nil || len(notes) != 0 {
		t.Errorf("nothing is left to read: %v, %v", notes, err)
	}
}

func TestLearnFileErrors(t *testing.T) {
	files, err := filepath.Glob("testdata/warm/*.csv")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, "testdata/warm/absent.csv") {
		name := filepath.Base(file)
		if name == "good.csv" {
			continue
		}
		t.Run(name, func(t *testing.T) {
			_, err := warm(t, name).Learn(Library{Files: true})
			if err == nil || trial.CodeOf(err) != trial.Invalid {
				t.Fatalf("%v", err)
			}
			golden(t, strings.TrimSuffix(file, ".csv")+".err", portable(t, err.Error())+"\n")
		})
	}
	if _, err := warm(t, "good.csv").Learn(Library{}); err == nil || !strings.Contains(err.Error(), "no file is read here") {
		t.Errorf("a file may not be read, but: %v", err)
	}
}

// earlier is a study with complete and other trials.
func earlier(metric string) *trial.State {
	r := searchtest.NewRecord(1, trial.Shape{Folds: 2, Epochs: 3})
	r.State.Study.Objective.Metric = metric
	for i := range 4 {
		r.Complete(trial.Params{{Name: "lr", Value: 1e-4 * float64(i+1)}, {Name: "optimizer", Value: "adamw"}, {Name: "depth", Value: int64(i)}}, 0.5+0.1*float64(i))
	}
	n := r.Add(trial.Params{{Name: "lr", Value: 1e-3}, {Name: "optimizer", Value: "adamw"}})
	r.Start(n)
	r.Report(n, 0.99)
	r.End(n, trial.Pruned)
	return r.State
}

func TestLearnStudy(t *testing.T) {
	s := warm(t, "other")
	find := func(name string) (*trial.State, error) {
		if name != "other" {
			t.Errorf("looks for %q", name)
		}
		return earlier("val_accuracy"), nil
	}
	if _, err := s.Learn(Library{Files: true}); err != nil || s.Sampler.Known != nil {
		t.Errorf("studies are left to somebody else: %v, %v", s.Sampler.Known, err)
	}
	notes, err := s.Learn(Library{Study: find})
	if err != nil {
		t.Fatal(err)
	}
	want := "other: 4 known results; batch_size is not always in it: 64 is assumed; ignored, because the search space has no such parameter: depth"
	if !slices.Equal(notes, []string{want}) {
		t.Errorf("%q", notes)
	}
	best := s.Sampler.Known[0]
	if len(s.Sampler.Known) != 4 || best.Value < 0.79 || best.Value > 0.81 || best.Params.Int("batch_size", 0) != 64 {
		t.Errorf("%+v", s.Sampler.Known)
	}
	if err := s.Space().Contains(best.Params); err != nil {
		t.Error(err)
	}
}

func TestLearnStudyErrors(t *testing.T) {
	empty := trial.NewState(trial.Study{Name: "other"})
	for want, find := range map[string]func(string) (*trial.State, error){
		`has no metric "val_accuracy"`: func(string) (*trial.State, error) { return earlier("loss"), nil },
		"no complete trial":            func(string) (*trial.State, error) { return empty, nil },
		"there is no study":            func(string) (*trial.State, error) { return nil, trial.Errorf(trial.NotFound, "there is no study") },
	} {
		_, err := warm(t, "other").Learn(Library{Study: find})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "sweep.yaml:10:14: warm_start[0]") {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// TestLearnMany keeps the best of a long table, and no more than a document holds.
func TestLearnMany(t *testing.T) {
	var b strings.Builder
	b.WriteString("lr,val_accuracy\n")
	for i := range 5000 {
		fmt.Fprintf(&b, "1e-3,%g\n", float64(i*7%5000)/5000)
	}
	file := filepath.Join(t.TempDir(), "many.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	s := warm(t, file)
	if _, err := s.Learn(Library{Files: true}); err != nil {
		t.Fatal(err)
	}
	known := s.Sampler.Known
	if len(known) != maxResults || known[0].Value != 4999.0/5000 || known[maxResults-1].Value > 0.1 {
		t.Errorf("%d results from %v to %v", len(known), known[0].Value, known[len(known)-1].Value)
	}
}

// TestCSVLimits: what is meant to exhaust whoever reads it is refused, in a few words.
func TestCSVLimits(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"large":         {strings.Repeat("lr,val_accuracy\n", 1<<21), "larger than 16 MiB"},
		"columns":       {strings.Repeat(",", 8<<20), "more than the 10000 columns"},
		"unended quote": {"lr,val_accuracy\n\"" + strings.Repeat("x", 8<<20), "quote"},
		"wrong rows":    {"lr,val_accuracy\n" + strings.Repeat("1,2,3\n", 1<<20), "wrong number of fields"},
		"wrong values":  {"lr,val_accuracy\n" + strings.Repeat("x,y\n", 1<<20), "not a number"},
		"zero bytes":    {strings.Repeat("\x00", 1<<20), "no column val_accuracy"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "hostile.csv")
			if err := os.WriteFile(file, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := warm(t, file).Learn(Library{Files: true})
			if err == nil || !strings.Contains(err.Error(), c.says) || len(err.Error()) > 20_000 {
				t.Errorf("%.300v", err)
			}
		})
	}
}
