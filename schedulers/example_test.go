package schedulers_test

import (
	"fmt"

	"automl/schedulers"
	"automl/trial"
)

// quality is what each trial of the example would reach; a real study trains to find out.
var quality = []float64{0.71, 0.93, 0.64, 0.85, 0.78, 0.60}

// study is a search being run by hand: the record goes to the state first, then to the scheduler.
type study struct {
	state *trial.State
	sched schedulers.Scheduler
}

func (s *study) record(e trial.Event) {
	e.Seq = s.state.Seq + 1
	if err := s.state.Apply(e); err != nil {
		panic(err)
	}
	s.sched.Apply(e)
}

func (s *study) decide(d trial.Decision) { s.record(trial.Event{Decision: &d}) }

// train is one attempt: it takes a trial to a resource and reports every epoch.
func (s *study) train(number int, to trial.Resource) {
	t := s.state.Trial(number)
	from := t.Done
	s.decide(trial.Decision{Trial: number, What: trial.Assigned, Attempt: t.Attempts + 1, Phase: trial.Search, At: from, To: to})
	s.decide(trial.Decision{Trial: number, What: trial.Started, Attempt: t.Attempts, Runner: "box", Run: "1"})
	for _, slice := range s.state.Study.Shape.Slices(from, to) {
		for e := slice.From + 1; e <= slice.To; e++ {
			value := quality[number] * float64(e) / float64(e+1)
			s.record(trial.Event{Report: &trial.Report{Trial: number, Attempt: t.Attempts, Fold: slice.Fold, Epoch: e,
				Metrics: trial.Metrics{{Name: "val_accuracy", Value: value}}}})
		}
	}
	v := s.sched.Verdict(number)
	what := trial.Paused
	switch {
	case !t.Done.Less(s.state.Study.Shape.Full()):
		what = trial.Completed
	case v.Verb == trial.Stop:
		what = trial.Pruned
	}
	s.decide(trial.Decision{Trial: number, What: what, Attempt: t.Attempts, At: v.At, Reason: v.Reason})
	fmt.Printf("trial %d is %s: %s\n", number, t.Status, v.Reason)
}

// A whole search with one slot: six trials, two folds of three epochs, one of three trials goes on.
func Example() {
	state := trial.NewState(trial.Study{ID: "a1", Name: "example", Shape: trial.Shape{Folds: 2, Epochs: 3},
		Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize}})
	sched, err := schedulers.New(schedulers.Config{Type: "asha", Grace: 1, Trials: len(quality)}, state)
	if err != nil {
		panic(err)
	}
	fmt.Printf("the plan costs %.2f of full training\n", sched.Plan().Fraction())
	s := &study{state, sched}
	for {
		switch a := sched.Next().(type) {
		case schedulers.Start:
			number := len(state.Trials) // the sampler would propose Params here
			s.decide(trial.Decision{Trial: number, What: trial.Sampled, Bracket: a.Bracket, Reason: a.Reason})
			s.train(number, a.To)
		case schedulers.Promote:
			s.decide(trial.Decision{Trial: a.Trial, What: trial.Promoted, At: a.From, To: a.To, Reason: a.Reason})
			s.train(a.Trial, a.To)
		case schedulers.Prune:
			s.decide(trial.Decision{Trial: a.Trial, What: trial.Pruned, At: a.At, Reason: a.Reason})
			fmt.Printf("trial %d is PRUNED: %s\n", a.Trial, a.Reason)
		case schedulers.Finish:
			fmt.Println(a.Reason)
			return
		}
	}
	// Output:
	// the plan costs 0.36 of full training
	// trial 0 is PAUSED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.355, ranked 1 of 1; waits for more trials to be compared with
	// trial 1 is PAUSED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.465, ranked 1 of 2; waits for more trials to be compared with
	// trial 2 is PAUSED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.32, ranked 3 of 3; waits, so far the best 1 goes on, threshold 0.465
	// trial 1 is PAUSED: asha, rung 2 (fold 0 epoch 3): val_accuracy 0.6975, ranked 1 of 1; waits for more trials to be compared with
	// trial 3 is PAUSED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.425, ranked 2 of 4; waits, so far the best 1 goes on, threshold 0.465
	// trial 2 is PRUNED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.32, ranked 4 of 4; the best 2 go on, threshold 0.425
	// trial 4 is PAUSED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.39, ranked 3 of 5; waits, so far the best 1 goes on, threshold 0.465
	// trial 0 is PRUNED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.355, ranked 4 of 5; the best 2 go on, threshold 0.425
	// trial 5 is PRUNED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.3, ranked 6 of 6; the best 2 go on, threshold 0.425
	// trial 3 is PAUSED: asha, rung 2 (fold 0 epoch 3): val_accuracy 0.6375, ranked 2 of 2; waits, so far the best 1 goes on, threshold 0.6975
	// trial 1 is COMPLETE: trained in full: val_accuracy 0.6975 over 2 folds, which differ by 0
	// trial 4 is PRUNED: asha, rung 1 (fold 0 epoch 1): val_accuracy 0.39, ranked 3 of 6; the best 2 go on, threshold 0.425
	// trial 3 is PRUNED: asha, rung 2 (fold 0 epoch 3): val_accuracy 0.6375, ranked 2 of 2; the best 1 goes on, threshold 0.6975
	// all 6 trials are over: 1 complete, 5 pruned, 0 failed
}
