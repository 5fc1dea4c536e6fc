package daemon

import (
	"context"
	"slices"
	"sync"
	"time"

	"automl/trial"
	"automl/trial/view"
)

// tally is what the daemon counts. All of it but the durations belongs to the daemon's goroutine.
type tally struct {
	reports, decisions, failures, ahead, fresh, dropped, logs int64

	broken            map[trial.Failure]int64
	ask, tell, commit durations
}

// count takes what was recorded.
func (t *tally) count(r ready) {
	for _, e := range r.events {
		if e.Report != nil {
			t.reports++
		} else {
			t.decisions++
		}
		if d := e.Decision; d != nil && d.Failure != "" {
			if t.broken == nil {
				t.broken = map[trial.Failure]int64{}
			}
			t.broken[d.Failure]++
		}
	}
	t.ahead += r.ahead
	t.fresh += r.fresh
}

// bounds of the intervals durations are counted in, in seconds.
var bounds = []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10}

// durations counts how long something took. It may be used from several goroutines.
type durations struct {
	mu     sync.Mutex
	counts []int64
	sum    float64
}

// since adds the time from start to now.
func (d *durations) since(start time.Time) {
	took := time.Since(start).Seconds()
	i, _ := slices.BinarySearch(bounds, took)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.counts == nil {
		d.counts = make([]int64, len(bounds)+1)
	}
	d.counts[i]++
	d.sum += took
}

func (d *durations) view() view.Histogram {
	d.mu.Lock()
	defer d.mu.Unlock()
	h := view.Histogram{Bounds: bounds, Counts: make([]int64, len(bounds)+1), Sum: d.sum}
	copy(h.Counts, d.counts)
	return h
}

// Metrics is the daemon's own figures.
func (d *Daemon) Metrics(ctx context.Context) (view.Metrics, error) {
	m := view.Metrics{Ask: d.tally.ask.view(), Tell: d.tally.tell.view(), Commit: d.tally.commit.view(), Broken: map[trial.Failure]int64{}}
	err := d.do(ctx, func() error {
		t := &d.tally
		m.Reports, m.Decisions, m.Failures, m.Ahead, m.Fresh = t.reports, t.decisions, t.failures, t.ahead, t.fresh
		m.Inbox, m.Dropped, m.LogsDropped = len(d.Bus.Inbox()), t.dropped, t.logs
		for _, mem := range d.runners {
			if mem.met {
				m.Runners++
				m.Silence = max(m.Silence, d.Now().Sub(mem.heard).Seconds())
				if q := mem.info.Disk; q != nil {
					m.Checkpoints, m.Shelf = m.Checkpoints+q.Bytes, m.Shelf+q.Limit
				}
				if q := mem.info.Logs; q != nil {
					m.Logs, m.LogLimit = m.Logs+q.Bytes, m.LogLimit+q.Limit
				}
				if !mem.info.Draining {
					m.Slots += mem.info.Slots
				}
			}
		}
		for _, kind := range trial.Failures { // those that never happened too, so that a series never begins late
			m.Broken[kind] = t.broken[kind]
		}
		for _, c := range d.cores {
			m.Studies = append(m.Studies, c.metrics())
		}
		return nil
	})
	return m, err
}

func (c *core) metrics() view.StudyMetrics {
	m := view.StudyMetrics{Name: c.spec.Study.Name, Status: c.state.Status, Trials: map[trial.Status]int{}, Events: c.state.Seq,
		Leased: len(c.busy), Run: c.state.EpochsRun(), Full: c.state.EpochsFull()}
	for _, s := range trial.Statuses { // those of no trial too, so that a series never ends
		m.Trials[s] = 0
	}
	for s, n := range c.state.Counts() {
		m.Trials[s] = n
	}
	m.Queued = c.out() - m.Leased
	return m
}
