package trial

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"automl/trial/pareto"
)

var twoObjectives = Study{ID: "s2", Name: "two", Objective: Objective{Metric: "acc", Goal: Maximize},
	Others: []Objective{{Metric: "size", Goal: Minimize, Folds: Worst}}, Shape: Shape{Folds: 2, Epochs: 3}}

// complete adds a trial whose every fold reports the values by epoch: pairs of acc and size.
func complete(t interface{ Fatal(...any) }, s *State, curve ...[2]float64) *Trial {
	n := len(s.Trials)
	shape := s.Study.Shape
	events := []Event{decision(Decision{Trial: n, What: Sampled})}
	events = append(events, started(n, 1, Search, Resource{}, shape.Full())...)
	for f := range shape.Folds {
		for e := range shape.Epochs {
			v := curve[min(e, len(curve)-1)]
			events = append(events, Event{Report: &Report{Trial: n, Attempt: 1, Fold: f, Epoch: e + 1,
				Metrics: Metrics{{"acc", v[0]}, {"size", v[1] + float64(f)}}}})
		}
	}
	for _, e := range append(events, decision(Decision{Trial: n, What: Completed, Attempt: 1})) {
		if err := try(s, e); err != nil {
			t.Fatal(err)
		}
	}
	return s.Trial(n)
}

// All objectives are read where the leading one is best, by their own aggregates.
func TestScoresAtOneEpoch(t *testing.T) {
	s := NewState(twoObjectives)
	tr := complete(t, s, [2]float64{0.5, 1}, [2]float64{0.9, 7}, [2]float64{0.8, 2})
	scores, ok := tr.Scores(s.Study)
	if !ok || scores[0].Value != 0.9 || scores[1].Value != 8 || scores[0].Epoch != 2 || scores[1].Epoch != 2 || scores[1].Std == 0 {
		t.Errorf("%+v", scores)
	}
	nan := complete(t, s, [2]float64{0.5, 1}, [2]float64{0.9, math.NaN()})
	if scores, ok := nan.Scores(s.Study); ok {
		t.Errorf("without a size at the best epoch: %+v", scores)
	}
	if losses := s.Study.Losses(scores); !slices.Equal(losses, []float64{-0.9, 8}) {
		t.Errorf("losses %v", losses)
	}
}

func numbers(trials []*Trial) []int {
	out := []int{}
	for _, t := range trials {
		out = append(out, t.Number)
	}
	return out
}

func TestFrontAndWinner(t *testing.T) {
	s := NewState(twoObjectives)
	if s.Best() != nil || len(s.Front()) != 0 {
		t.Error("a winner of nothing")
	}
	if v, reference := s.Hypervolume(); v != 0 || reference != nil {
		t.Errorf("hypervolume of nothing: %v up to %v", v, reference)
	}
	for _, v := range [][2]float64{{0.5, 5}, {0.9, 9}, {0.8, 2}, {0.1, 1}, {0.8, 2}, {0.7, 3}, {math.NaN(), 0}, {0.99, math.Inf(1)}} {
		complete(t, s, v)
	}
	if got := numbers(s.Front()); !slices.Equal(got, []int{1, 2, 4, 3}) { // both of two equal ones; NaN never
		t.Errorf("front %v", got)
	}
	if got := numbers(s.Ranked()); !slices.Equal(got, []int{2, 4, 1, 3, 5, 0}) { // 1 and 3 are equally far from the ideal
		t.Errorf("ranked %v", got)
	}
	// The sizes are those of the worse fold, one more. The reference is the worst of each, a tenth of the range further.
	volume, reference := s.Hypervolume()
	want := (0.9-0.02)*(10.8-10) + (0.8-0.02)*(10-3) + (0.1-0.02)*(3-2)
	if math.Abs(reference[0]-0.02) > 1e-12 || math.Abs(reference[1]-10.8) > 1e-12 || math.Abs(volume-want) > 1e-12 {
		t.Errorf("hypervolume %v up to %v, want %v", volume, reference, want)
	}
}

// Confirmed trials come before others, and the best compromise among them wins.
func TestConfirmedCompromiseWins(t *testing.T) {
	s := NewState(twoObjectives)
	for _, v := range [][2]float64{{0.9, 9}, {0.8, 2}, {0.75, 1.5}} {
		complete(t, s, v)
	}
	if s.Best().Number != 1 {
		t.Fatalf("the winner is trial %d", s.Best().Number)
	}
	for n, v := range map[int][2]float64{1: {0.1, 2}, 2: {0.75, 1.5}} {
		play(t, s, started(n, 2, Confirm, s.Study.Shape.Full(), Resource{Fold: 2, Epoch: 3})...)
		for e := range 3 {
			play(t, s, Event{Report: &Report{Trial: n, Attempt: 2, Fold: 2, Epoch: e + 1, Metrics: Metrics{{"acc", v[0]}, {"size", v[1]}}}})
		}
		play(t, s, decision(Decision{Trial: n, What: Confirmed, Attempt: 2}))
	}
	if got := numbers(s.Ranked()); !slices.Equal(got, []int{2, 1, 0}) {
		t.Errorf("ranked %v", got)
	}
	if got := numbers(s.Front()); !slices.Equal(got, []int{0, 1, 2}) {
		t.Errorf("the front is that of the search: %v", got)
	}
}

// The winner is on the front, nothing of the front is beaten, and with one objective the front is the best trials.
func TestFrontProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		study := twoObjectives
		if rapid.Bool().Draw(t, "one objective") {
			study.Others = nil
		}
		s := NewState(study)
		for range rapid.IntRange(1, 12).Draw(t, "trials") {
			complete(t, s, [2]float64{float64(rapid.IntRange(0, 4).Draw(t, "acc")), float64(rapid.IntRange(0, 4).Draw(t, "size"))})
		}
		front := s.Front()
		if !slices.Contains(front, s.Best()) {
			t.Fatalf("the winner %d is not on the front %v", s.Best().Number, numbers(front))
		}
		for _, a := range s.Trials {
			x, _ := a.Scores(study)
			beaten := false
			for _, b := range front {
				y, _ := b.Scores(study)
				beaten = beaten || pareto.Dominates(study.Losses(y), study.Losses(x))
			}
			if beaten == slices.Contains(front, a) {
				t.Fatalf("trial %d, front %v", a.Number, numbers(front))
			}
		}
	})
}

func TestValidateObjectives(t *testing.T) {
	size := Objective{Metric: "size", Goal: Minimize}
	for name, others := range map[string][]Objective{
		"twice":     {{Metric: "acc", Goal: Minimize}},
		"no metric": {{Goal: Minimize}},
		"no goal":   {{Metric: "size"}},
		"many":      {size, {Metric: "a", Goal: Minimize}, {Metric: "b", Goal: Minimize}, {Metric: "c", Goal: Minimize}},
	} {
		s := twoObjectives
		s.Others = others
		if err := s.Validate(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := twoObjectives.Validate(); err != nil {
		t.Error(err)
	}
}
