package trial

import (
	"math"
	"sort"
	"time"
)

// Status is where a trial stands, in the names users of Optuna know.
type Status string

// The states of a trial. Complete, PrunedState and Fail are terminal and are entered exactly once.
const (
	Waiting     Status = "WAITING"  // sampled, or between two attempts before it ever trained
	Running     Status = "RUNNING"  // a runner holds its lease
	PausedState Status = "PAUSED"   // reached a rung, keeps its checkpoint, may be promoted
	Complete    Status = "COMPLETE" // trained in full
	PrunedState Status = "PRUNED"   // stopped for being weak
	Fail        Status = "FAIL"
)

// Statuses lists all states in the order people read them.
var Statuses = []Status{Waiting, Running, PausedState, Complete, PrunedState, Fail}

// Terminal reports whether the trial's search is over. A complete trial may still be confirmed and refitted.
func (s Status) Terminal() bool { return s == Complete || s == PrunedState || s == Fail }

// Attempt is an assignment that is out: handed to the queue, or leased by a runner once Runner is set.
type Attempt struct {
	Number int
	Phase  Phase
	From   Resource
	To     Resource
	Runner string
	Run    string
	Lease  Lease // of a program that asked for it
}

// Trial is the state of one trial, as applying the record gives it.
type Trial struct {
	Number   int
	Status   Status
	Params   Params
	Origin   Origin
	Bracket  int
	Done     Resource // everything up to here is reported
	Open     *Attempt // nil: nothing is out
	Attempts int      // handed out so far
	Run      string   // the run that held the latest lease, and has the checkpoint
	Phase    Phase    // of the latest attempt
	Failures int      // failed attempts of that phase that count against MaxFailures
	OOMs     int      // attempts of any phase that ran out of memory
	Epochs   int      // epochs of the search folds reported, each once
	Extra    int      // epochs of the confirming folds
	Seconds  float64  // the sum of their reported costs
	Cache    CacheUse // the sum of what they reported of it
	Usage    UsageSum // of their machines
	Started  time.Time
	Ended    time.Time
	Reason   string // of the latest decision
	Failure  Failure
	Artifact string    // folder of the refitted model
	Audit    *Decision // Audited: a rule would have stopped it there; nil: none would have

	names    []string               // metrics in the order they were first seen
	curves   map[string][][]float64 // metric -> fold -> epoch-1 -> value, NaN where nothing was reported
	matrices confusions             // what rows were taken for; dropped once the trial is over and none of the best
	last     map[int]int            // fold -> its last epoch, where it was stopped early
	way      []step                 // how Done came about
	over     int64                  // the event that ended the search of it, 0 before
}

// Has tells whether an attempt of the trial is out. A nil trial has none.
func (t *Trial) Has(attempt int) bool { return t != nil && t.Open != nil && t.Open.Number == attempt }

// step is where a trial stood from an event on.
type step struct {
	seq  int64
	done Resource
}

// note remembers that Done is what it is from an event on.
func (t *Trial) note(seq int64) {
	if n := len(t.way); n == 0 || t.way[n-1].done != t.Done {
		t.way = append(t.way, step{seq, t.Done})
	}
}

// DoneAt is what Done was after an event of the record.
func (t *Trial) DoneAt(seq int64) Resource {
	i := sort.Search(len(t.way), func(i int) bool { return t.way[i].seq > seq })
	if i == 0 {
		return Resource{}
	}
	return t.way[i-1].done
}

// OverAt reports whether the search of the trial was over after an event of the record.
func (t *Trial) OverAt(seq int64) bool { return t.over != 0 && t.over <= seq }

// Metrics are the names of what was reported, in the order they were first seen.
func (t *Trial) Metrics() []string { return t.names }

// Curve is the values of a metric in a fold: index 0 is epoch 1, NaN where nothing was reported. Do not change it.
func (t *Trial) Curve(metric string, fold int) []float64 {
	folds := t.curves[metric]
	if fold < 0 || fold >= len(folds) {
		return nil
	}
	return folds[fold]
}

// Folds is how many folds have a report of the metric.
func (t *Trial) Folds(metric string) int { return len(t.curves[metric]) }

// put records a report and tells whether any of it was new.
func (t *Trial) put(r Report, s Shape) bool {
	fresh := false
	for _, m := range r.Metrics {
		fresh = t.set(m, r.Fold, r.Epoch) || fresh
	}
	if !fresh {
		return false
	}
	if r.Fold < s.Folds {
		t.Epochs++
	} else {
		t.Extra++
	}
	t.Seconds += r.Cost
	if r.Cache != nil {
		t.Cache.Add(*r.Cache)
	}
	if r.Usage != nil {
		t.Usage.add(*r.Usage, r.Cost)
	}
	if r.Confusion != nil && r.Fold < s.Folds {
		t.matrices.put(r.Fold, r.Epoch, r.Confusion)
	}
	done := r.At()
	if r.Last {
		if t.last == nil {
			t.last = map[int]int{}
		}
		t.last[r.Fold] = r.Epoch
		done.Epoch = s.Epochs
	}
	if t.Done.Less(done) {
		t.Done = done
	}
	return true
}

func (t *Trial) set(m Metric, fold, epoch int) bool {
	if t.curves == nil {
		t.curves = map[string][][]float64{}
	}
	folds, known := t.curves[m.Name]
	if !known {
		t.names = append(t.names, m.Name)
	}
	for len(folds) <= fold {
		folds = append(folds, nil)
	}
	for len(folds[fold]) < epoch {
		folds[fold] = append(folds[fold], unreported)
	}
	t.curves[m.Name] = folds
	if !isUnreported(folds[fold][epoch-1]) {
		return false
	}
	if isUnreported(m.Value) { // a reported NaN keeps its own bits, so that reporting it again is still a repetition
		m.Value = math.Float64frombits(reportedNaN)
	}
	folds[fold][epoch-1] = m.Value
	return true
}

// Two NaNs: one for "no report", one for "the trainer reported NaN".
const (
	unreportedBits = 0x7ff8_0000_dead_beef
	reportedNaN    = 0x7ff8_0000_0000_0001
)

var unreported = math.Float64frombits(unreportedBits)

func isUnreported(v float64) bool { return math.Float64bits(v) == unreportedBits }

// Reported tells whether a value of the metric is on record for that epoch of that fold.
func (t *Trial) Reported(metric string, fold, epoch int) bool {
	curve := t.Curve(metric, fold)
	return epoch >= 1 && epoch <= len(curve) && !isUnreported(curve[epoch-1])
}
