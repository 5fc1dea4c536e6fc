package daemon

import (
	"testing"
	"testing/synctest"
	"time"

	"automl/trial"
)

func TestMetricsCountWhatHappened(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.studies = append(store.studies, testSpec().Study)
		h := newHouseWith(t, store, externalSpec("tpe"))
		defer h.stop()
		time.Sleep(time.Second) // the first proposal is made ahead
		a, _, err := h.d.Ask(t.Context(), "study")
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.d.Ask(t.Context(), "study"); err != nil { // the second is not
			t.Fatal(err)
		}
		r := trial.Report{Epoch: 1, Metrics: trial.Metrics{{Name: "acc", Value: .5}}}
		if _, _, err := h.d.Tell(t.Context(), "study", a.Key(), []trial.Report{r}, nil); err != nil {
			t.Fatal(err)
		}
		store.broken = 1
		if _, _, err := h.d.Ask(t.Context(), "study"); err == nil {
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
