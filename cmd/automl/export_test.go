package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/trial/view"
)

// A study that was interrupted goes to another data directory in one file and is what it was; it ends there as it would have here.
func TestExportImport(t *testing.T) {
	s := newSite(t, "pace=5", "budget: {trials: 9}\nfolds: 2\nworkers: 1\nsampler: {type: tpe, startup: 3}\n")
	c := s.start(s.dir, "run", s.sweep)
	until(t, "reports", func() bool { return s.reports() >= 10 })
	_ = c.Process.Signal(os.Interrupt)
	_ = c.Wait()
	st, before := s.state()
	model := filepath.Join(s.dir, "artifacts", st.Study.ID, "trial0", "model")
	if err := os.MkdirAll(filepath.Dir(model), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(model, []byte("weights"), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file, backup := filepath.Join(dir, "e2e.automl"), filepath.Join(dir, "automl.db")
	s.ok("export", "e2e", file, "--models")
	s.ok("backup", backup)
	for _, args := range [][]string{{"export", "e2e", file}, {"export", "nobody", file + "x"}, {"backup", backup}, {"import", s.sweep}, {"import", file + "x"}} {
		if r := s.run(args...); r.code == exitDone || r.code == exitInterrupted {
			t.Errorf("automl %s: exit %d\n%s", strings.Join(args, " "), r.code, r.err)
		}
	}
	other := s.at(filepath.Join(t.TempDir(), "other"))
	other.ok("import", file)
	if _, after := other.state(); cmp.Diff(before, after) != "" {
		t.Errorf("the record became another:\n%s", cmp.Diff(before, after))
	}
	if text, err := os.ReadFile(filepath.Join(other.dir, "artifacts", st.Study.ID, "trial0", "model")); err != nil || string(text) != "weights" {
		t.Errorf("the model: %q %v", text, err)
	}
	if r := other.run("import", file); r.code == exitDone || !strings.Contains(r.err, "already") {
		t.Errorf("imported twice: exit %d\n%s", r.code, r.err)
	}
	other.ok("doctor")
	restored := s.at(dir)
	if _, after := restored.state(); cmp.Diff(before, after) != "" {
		t.Error("the backup has another record")
	}
	for _, q := range []*site{s, other, restored} {
		q.ok("run", s.sweep)
		finished(t, q, 9)
	}
	here, there := decodeJSON[view.Best](t, s.ok("best", "-o", "json").out), decodeJSON[view.Best](t, other.ok("best", "-o", "json").out)
	if here.Trial != there.Trial || here.Value != there.Value {
		t.Errorf("the winner here is trial %d (%v), there %d (%v)", here.Trial, here.Value, there.Trial, there.Value)
	}
}
