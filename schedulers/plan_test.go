package schedulers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"automl/schedulers"
	"automl/trial"
)

func planOf(t testing.TB, s trial.Shape, c schedulers.Config) schedulers.Plan {
	return maker(t, c)(trial.NewState(trial.Study{Shape: s})).Plan()
}

// The table of Li et al. 2018 for R = 81 and eta 3, each bracket of 27 trials and more shown with its rungs.
func TestPlanIsHyperbands(t *testing.T) {
	p := planOf(t, trial.Shape{Folds: 1, Epochs: 81}, schedulers.Config{Type: "hyperband", Grace: 1})
	var got [][]int
	for _, b := range p.Brackets {
		var sizes []int
		for _, r := range b.Rungs {
			sizes = append(sizes, r.Trials)
		}
		got = append(got, sizes)
	}
	want := [][]int{{81, 27, 9, 3, 1}, {34, 11, 3, 1}, {15, 5, 1}, {8, 2}, {5}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if !p.Repeats {
		t.Error("an unlimited search has no end")
	}
}

func TestPlanCosts(t *testing.T) {
	p := planOf(t, trial.Shape{Folds: 3, Epochs: 9}, schedulers.Config{Type: "asha", Grace: 3, Trials: 10})
	want := schedulers.Plan{Epochs: 30 + 18 + 18, Full: 270, Brackets: []schedulers.BracketPlan{{Bracket: 1, Rungs: []schedulers.RungPlan{
		{At: trial.Resource{Epoch: 3}, Trials: 10, Epochs: 30},
		{At: trial.Resource{Epoch: 9}, Trials: 3, Epochs: 18},
		{At: trial.Resource{Fold: 2, Epoch: 9}, Trials: 1, Epochs: 18},
	}}}}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if got, want := p.Fraction(), 66.0/270; got != want {
		t.Errorf("the fraction is %v, not %v", got, want)
	}
	if got := (schedulers.Plan{}).Fraction(); got != 1 {
		t.Errorf("an empty plan costs %v", got)
	}
}

func TestPlanKeepsTheBudget(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := schedulers.Config{Type: rapid.SampledFrom(schedulers.Types()).Draw(t, "type"), Eta: rapid.IntRange(2, 5).Draw(t, "eta"),
			Grace: rapid.IntRange(1, 9).Draw(t, "grace"), Brackets: rapid.IntRange(0, 4).Draw(t, "brackets"),
			Trials: rapid.IntRange(1, 500).Draw(t, "trials")}
		s := trial.Shape{Folds: rapid.IntRange(1, 10).Draw(t, "folds"), Epochs: rapid.IntRange(1, 100).Draw(t, "epochs")}
		sched, err := schedulers.New(c, trial.NewState(trial.Study{Shape: s}))
		if err != nil {
			t.Fatal(err)
		}
		p := sched.Plan()
		if p.Trials() != c.Trials || p.Epochs > p.Full || p.Full != c.Trials*s.Units(s.Full()) {
			t.Fatalf("%+v", p)
		}
		if c.Brackets > 0 && len(p.Brackets) > c.Brackets {
			t.Fatalf("%d brackets", len(p.Brackets))
		}
		for _, b := range p.Brackets {
			if last := b.Rungs[len(b.Rungs)-1]; last.At != s.Full() || last.Trials < 1 {
				t.Fatalf("bracket %d cannot finish: %+v", b.Bracket, last)
			}
		}
	})
}
