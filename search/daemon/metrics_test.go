package daemon

import (
	"bytes"
	"encoding/json"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"automl/trial"
)

func TestMetricsCountWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.studies = append(store.studies, testSpec().Study)
		h := newHouseWith(t, store, externalSpec("tpe"))
		defer h.stop()
		time.Sleep(time.Second) // the first proposal is made ahead
		a, _, err := h.d.Ask(t.Context(), "study", trial.Lease{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.d.Ask(t.Context(), "study", trial.Lease{}); err != nil { // the second is not
			t.Fatal(err)
		}
		r := trial.Report{Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}
		if _, _, err := h.d.Tell(t.Context(), "study", a.Key(), []trial.Report{r}, nil); err != nil {
			t.Fatal(err)
		}
		store.broken = 1
		if _, _, err := h.d.Ask(t.Context(), "study", trial.Lease{}); err == nil {
			t.Fatal("the record was written")
		}
		time.Sleep(5 * time.Second)
		h.heartbeat("run1", time.Now(), 4)
		m, err := h.d.Metrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if m.Reports != 1 || m.Decisions != 6 || m.Failures != 1 || m.Ahead != 1 || m.Fresh != 1 || m.Runners != 1 || m.Slots != 4 {
			t.Errorf("%+v", m)
		}
		asks, tells := int64(0), int64(0)
		for i := range m.Ask.Counts {
			asks += m.Ask.Counts[i]
			tells += m.Tell.Counts[i]
		}
		if asks != 3 || tells != 1 {
			t.Errorf("%d asks, %d tells", asks, tells)
		}
		commits := int64(0)
		for _, n := range m.Commit.Counts {
			commits += n
		}
		if commits != 4 || m.Broken[trial.Lost] != 0 || len(m.Broken) != len(trial.Failures) {
			t.Errorf("%d commits, broken %v", commits, m.Broken)
		}
		s := m.Studies[0]
		if s.Name != "study" || s.Events != 7 || s.Leased != 2 || s.Queued != 0 || s.Run != 1 || s.Full == 0 || s.Trials[trial.Running] != 2 || len(s.Trials) != len(trial.Statuses) {
			t.Errorf("%+v", s)
		}
	})
}

// What runners say of their logs adds up; what they have removed counts once, also when another daemon counted it before, and nonsense not
// at all.
func TestMetricsOfLogs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHouse(t, newMemory())
		defer h.stop()
		start := time.Now()
		for _, q := range []struct {
			name string
			logs *trial.DiskUse
		}{
			{"box", &trial.DiskUse{Bytes: 5, Limit: 10, Dropped: 7}},
			{"box", &trial.DiskUse{Bytes: 9, Limit: 10, Dropped: 9}},
			{"tower", &trial.DiskUse{Bytes: 1, Dropped: 3}},
			{"tower", &trial.DiskUse{Bytes: -1, Limit: -5, Dropped: -1}},
			{"old", nil},
		} {
			h.bus.inbox <- trial.Mail{Heartbeat: &trial.RunnerInfo{Name: q.name, Run: q.name, Started: start, Logs: q.logs}}
		}
		if m, err := h.d.Metrics(t.Context()); err != nil || m.Logs != 9 || m.LogLimit != 10 || m.LogsDropped != 2 || m.Dropped != 0 {
			t.Errorf("%+v, %v", m, err)
		}
	})
}

// A line of the log says what it is about, as far as there is a trial, an attempt and a run.
func TestLogLinesAreMarked(t *testing.T) {
	c, err := newCore(testSpec(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.now = time.Now()
	a, ok := c.next()
	if !ok {
		t.Fatal("no work")
	}
	line := func(k trial.Key) (out map[string]any) {
		t.Helper()
		var b bytes.Buffer
		log := zerolog.New(&b)
		c.mark(log.Info(), k).Send()
		if err := json.Unmarshal(b.Bytes(), &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	c.announce(trial.Announce{Key: a.Key(), Runner: "box", Run: "run1"}, false)
	for name, want := range map[string]struct {
		key  trial.Key
		line map[string]any
	}{
		"a study":    {trial.Key{Trial: trial.NoTrial}, map[string]any{"level": "info", "study": "s1", "name": "study"}},
		"a decision": {trial.Key{}, map[string]any{"level": "info", "study": "s1", "name": "study", "trial": 0.0, "run": "run1"}},
		"an attempt": {a.Key(), map[string]any{"level": "info", "study": "s1", "name": "study", "trial": 0.0, "attempt": 1.0, "run": "run1"}},
	} {
		if d := cmp.Diff(want.line, line(want.key)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}
