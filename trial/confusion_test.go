package trial

import (
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestConfusionKeepsEveryCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := rapid.IntRange(1, 12).Draw(t, "classes")
		counts := make([][]int, k)
		for i := range counts {
			counts[i] = rapid.SliceOfN(rapid.SampledFrom([]int{0, 0, 0, 1, 2, 300, 70000}), k, k).Draw(t, "row")
		}
		c := NewConfusion(counts, nil)
		got := make([][]int, k)
		for i := range got {
			got[i] = make([]int, k)
		}
		c.AddTo(got)
		if !reflect.DeepEqual(got, counts) {
			t.Fatalf("%v became %v", counts, got)
		}
	})
}

func TestConfusionRefuses(t *testing.T) {
	for what, c := range map[string]Confusion{
		"no classes":       {},
		"too many classes": {Classes: MaxConfusionClasses + 1},
		"names":            {Classes: 2, Names: []string{"a"}},
		"cut off":          {Classes: 2, Cells: []byte{1}},
		"beyond the end":   {Classes: 2, Cells: []byte{5, 1}},
		"nothing":          {Classes: 2, Cells: []byte{1, 0}},
		"no step":          {Classes: 2, Cells: []byte{0, 1}},
		"endless":          {Classes: 2, Cells: []byte{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}},
	} {
		if c.Valid() {
			t.Errorf("%s: %+v is valid", what, c)
		}
	}
	if c := NewConfusion(make([][]int, MaxConfusionClasses+1), nil); c != nil {
		t.Errorf("%d classes are kept", c.Classes)
	}
}

// TestConfusionOfTheBest keeps the matrices of the best few trials, each at the epoch of its value, and forgets all others.
func TestConfusionOfTheBest(t *testing.T) {
	s := NewState(Study{ID: "s", Name: "s", Shape: Shape{Folds: 2, Epochs: 2}, Objective: Objective{Metric: "acc", Goal: Maximize}})
	push := func(e Event) {
		t.Helper()
		e.Seq = s.Seq + 1
		if err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
	}
	matrix := func(right, wrong int) *Confusion {
		return NewConfusion([][]int{{right, wrong}, {0, 1}}, []string{"no", "yes"})
	}
	for n := range 6 {
		push(Event{Decision: &Decision{Trial: n, What: Sampled}})
		push(Event{Decision: &Decision{Trial: n, What: Assigned, Attempt: 1, Phase: Search, To: s.Study.Shape.Full()}})
		push(Event{Decision: &Decision{Trial: n, What: Started, Attempt: 1, Run: "r"}})
		for fold := range 2 {
			push(Event{Report: &Report{Trial: n, Fold: fold, Epoch: 1, Metrics: Metrics{{"acc", float64(n)}}, Confusion: matrix(n, fold)}})
			push(Event{Report: &Report{Trial: n, Fold: fold, Epoch: 2, Metrics: Metrics{{"acc", -1}}, Confusion: matrix(99, 99)}})
		}
		what := Completed
		if n == 5 {
			what = Pruned
		}
		push(Event{Decision: &Decision{Trial: n, What: what, Attempt: 1}})
	}
	for n, trial := range s.Trials {
		counts, names := trial.Confusion(s.Study)
		kept := n >= 2 && n <= 4
		if kept != (counts != nil) || kept && !reflect.DeepEqual(counts, [][]int{{2 * n, 1}, {0, 2}}) || kept && names[1] != "yes" {
			t.Errorf("trial %d: %v %v", n, counts, names)
		}
	}
}
