package schedulers_test

import (
	"fmt"
	"testing"

	"automl/schedulers"
	"automl/schedulers/schedulertest"
	"automl/schedulers/simulate"
	"automl/trial"
)

// patience is a scheduler of one's own: every trial is trained in full, as with fifo, unless its value has not improved for some epochs of
// its fold. All it knows comes from the state, and asking changes nothing.
type patience struct {
	schedulers.Scheduler // what is not said here is said by fifo
	state                *trial.State
	epochs               int
}

var _ schedulers.Scheduler = patience{}

func newPatience(s *trial.State) schedulers.Scheduler {
	fifo, err := schedulers.New(schedulers.Config{Type: "fifo", Trials: 6}, s)
	if err != nil {
		panic(err)
	}
	return patience{fifo, s, 3}
}

// Plan is that of fifo, as a bound.
func (p patience) Plan() schedulers.Plan {
	plan := p.Scheduler.Plan()
	plan.AtMost = true
	return plan
}

// Verdict stops a trial between the rungs, with a reason.
func (p patience) Verdict(number int) schedulers.Verdict {
	v := p.Scheduler.Verdict(number)
	if v.Verb != trial.Continue {
		return v // it is over, or has trained in full
	}
	t, o := p.state.Trial(number), p.state.Study.Objective
	curve := t.Curve(o.Metric, t.Done.Fold)
	best := 0
	for e := range min(t.Done.Epoch, len(curve)) {
		if o.Loss(curve[e]) < o.Loss(curve[best]) { // a value that is not finite has an infinite loss
			best = e
		}
	}
	if still := t.Done.Epoch - 1 - best; still >= p.epochs && len(curve) > 0 {
		v.Verb, v.At, v.Value = trial.Stop, t.Done, curve[best]
		v.Reason = fmt.Sprintf("patience, %s: no better than %s %.3g for %d epochs", t.Done, o.Metric, v.Value, still)
	}
	return v
}

// The suite that every scheduler has to pass. RunFree is for those that do not go by ranks on rungs alone.
func TestPatienceConforms(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of searches")
	}
	schedulertest.RunFree(t, newPatience)
}

// A scheduler of one's own in a whole search. To name it in a sweep file, add a line to the registry in config.go.
func Example_schedulerOfYourOwn() {
	study := trial.Study{Shape: trial.Shape{Folds: 1, Epochs: 12}, Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}}
	game, err := simulate.Play(newPatience, study, simulate.World{Workers: 2, Value: func(n, _, epoch int) float64 {
		return 1 / float64(min(epoch, 3*n+2)) // the n-th trial learns nothing after 3n + 2 epochs
	}})
	if err != nil {
		panic(err)
	}
	for _, t := range game.State.Trials {
		fmt.Printf("trial %d is %s after %d epochs: %s\n", t.Number, t.Status, t.Epochs, t.Reason)
	}
	// Output:
	// trial 0 is PRUNED after 5 epochs: patience, fold 0 epoch 5: no better than loss 0.5 for 3 epochs
	// trial 1 is PRUNED after 8 epochs: patience, fold 0 epoch 8: no better than loss 0.2 for 3 epochs
	// trial 2 is PRUNED after 11 epochs: patience, fold 0 epoch 11: no better than loss 0.125 for 3 epochs
	// trial 3 is COMPLETE after 12 epochs: trained in full: loss 0.090909
	// trial 4 is COMPLETE after 12 epochs: trained in full: loss 0.083333
	// trial 5 is COMPLETE after 12 epochs: trained in full: loss 0.083333
}
