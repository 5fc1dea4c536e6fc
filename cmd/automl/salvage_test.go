package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
	"automl/trial/store"
)

// damaged is a copy of a closed record with a page wiped out so that a part of a study can be read, and how many events of it can.
func damaged(t *testing.T, dir, study string) (string, int) {
	t.Helper()
	whole, err := os.ReadFile(filepath.Join(dir, "automl.db"))
	if err != nil {
		t.Fatal(err)
	}
	const page = 4096
	for at := len(whole) - page; at > 0; at -= page {
		out := t.TempDir()
		b := append([]byte(nil), whole...)
		clear(b[at : at+page])
		if err := os.WriteFile(filepath.Join(out, "automl.db"), b, 0o600); err != nil {
			t.Fatal(err)
		}
		db, err := store.OpenReadOnly(t.Context(), out)
		if err != nil {
			continue
		}
		events, lost := db.Events(t.Context(), study, 0)
		_ = db.Close()
		if lost != nil && len(events) > 0 {
			return out, len(events)
		}
	}
	t.Fatal("no page is in the middle of the record")
	return "", 0
}

// A record with a wiped page is refused and says what to do; what could be read of it is a study that goes on to its end.
func TestSalvage(t *testing.T) {
	s := newSite(t, "pace=1", "budget: {trials: 40}\n")
	s.ok("run", s.sweep)
	st, all := s.state()
	dir, n := damaged(t, s.dir, st.Study.ID)
	d := s.at(dir)
	if r := d.run("run", s.sweep); r.code != exitFailed || !strings.Contains(r.err, "automl salvage") {
		t.Errorf("a daemon on the damaged record: exit %d\n%s", r.code, r.err)
	}
	if r := d.run("doctor"); r.code != exitFailed || !strings.Contains(r.out, "automl salvage") {
		t.Errorf("the doctor: exit %d\n%s", r.code, r.out)
	}
	saved := s.at(filepath.Join(t.TempDir(), "saved"))
	r := d.run("salvage", saved.dir)
	if r.code != exitDone || !strings.Contains(r.err, fmt.Sprintf("with %d events", n)) || !strings.Contains(r.err, "cannot be read: ") {
		t.Fatalf("exit %d\n%s", r.code, r.err)
	}
	if _, events := saved.state(); !cmp.Equal(events, all[:n]) {
		t.Errorf("%d events are not the first %d of %d", len(events), n, len(all))
	}
	if again := d.run("salvage", saved.dir); again.code != exitFailed || !strings.Contains(again.err, "has a record already") {
		t.Errorf("into a record: exit %d\n%s", again.code, again.err)
	}
	saved.ok("run", s.sweep)
	if st, _ := saved.state(); st.Status != trial.StudyDone {
		t.Errorf("the study that was saved is %s", st.Status)
	}
}

// Of a file that is no database any more nothing can be saved, and salvage does not send to itself.
func TestSalvageOfNothing(t *testing.T) {
	s := (&site{t: t, limit: patience}).at(t.TempDir())
	if err := os.WriteFile(filepath.Join(s.dir, "automl.db"), []byte("overwritten"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.run("salvage", filepath.Join(t.TempDir(), "saved"))
	if r.code != exitFailed || strings.Contains(r.err, "automl salvage") || !strings.Contains(r.err, "backup") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
}
