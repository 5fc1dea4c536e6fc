package schedulers_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"automl/schedulers"
	"automl/trial"
)

func TestLadder(t *testing.T) {
	for _, c := range []struct {
		name          string
		folds, epochs int
		grace, eta    int
		want          schedulers.Ladder
	}{
		{"epochs and folds", 5, 20, 3, 3, schedulers.Ladder{{Epoch: 3}, {Epoch: 9}, {Epoch: 20}, {Fold: 2, Epoch: 20}, {Fold: 4, Epoch: 20}}},
		{"grace times eta is the end", 3, 6, 2, 3, schedulers.Ladder{{Epoch: 2}, {Epoch: 6}, {Fold: 2, Epoch: 6}}},
		{"grace is cut", 2, 4, 9, 3, schedulers.Ladder{{Epoch: 4}, {Fold: 1, Epoch: 4}}},
		{"no grace", 1, 4, 0, 2, schedulers.Ladder{{Epoch: 1}, {Epoch: 2}, {Epoch: 4}}},
		{"one fold", 1, 20, 3, 3, schedulers.Ladder{{Epoch: 3}, {Epoch: 9}, {Epoch: 20}}},
		{"one epoch", 10, 1, 3, 3, schedulers.Ladder{{Epoch: 1}, {Fold: 2, Epoch: 1}, {Fold: 8, Epoch: 1}, {Fold: 9, Epoch: 1}}},
		{"black box", 1, 1, 3, 3, schedulers.Ladder{{Epoch: 1}}},
		{"powers are exact", 1, 1000, 1, 10, schedulers.Ladder{{Epoch: 1}, {Epoch: 10}, {Epoch: 100}, {Epoch: 1000}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := schedulers.NewLadder(trial.Shape{Folds: c.folds, Epochs: c.epochs}, c.grace, c.eta)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestLadderRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := trial.Shape{Folds: rapid.IntRange(1, 50).Draw(t, "folds"), Epochs: rapid.IntRange(1, 5000).Draw(t, "epochs")}
		l := schedulers.NewLadder(s, rapid.IntRange(-1, 6000).Draw(t, "grace"), rapid.IntRange(2, 10).Draw(t, "eta"))
		if l[len(l)-1] != s.Full() {
			t.Fatalf("the last rung is %s", l[len(l)-1])
		}
		for i, r := range l[1:] {
			if !l[i].Less(r) {
				t.Fatalf("rung %s follows %s", r, l[i])
			}
		}
	})
}
