package train

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"

	"automl/runner/finetune/probe"
	"automl/trial"
)

// thirds are three folds of n training rows.
func thirds(n int) []probe.Fold {
	out := make([]probe.Fold, 3)
	for i := range n {
		for k := range out {
			if i%3 == k {
				out[k].Valid = append(out[k].Valid, i)
			} else {
				out[k].Train = append(out[k].Train, i)
			}
		}
	}
	return out
}

// without is metrics but for some.
func without(m trial.Metrics, names ...string) trial.Metrics {
	return slices.DeleteFunc(slices.Clone(m), func(q trial.Metric) bool { return slices.Contains(names, q.Name) })
}

// TestStartSolved holds lp_ft and gradual to the probe: as long as they train the head alone they are worth, to the bit, what the
// probe of the same fold is. Then they go on from there.
func TestStartSolved(t *testing.T) {
	for name, job := range map[string]func(params ...trial.Param) Job{
		"texts":  func(params ...trial.Param) Job { return sentences(t, 80, params...) },
		"images": func(params ...trial.Param) Job { return digits(t, 80, params...) },
	} {
		for _, strategy := range []string{"lp_ft", "gradual"} {
			yardstick := job(p("head", SolvedHead))
			yardstick.Folds = thirds(len(yardstick.Train))
			want := epochs(t, start(t, yardstick), 1)[0]
			tuned := job(p("freeze.strategy", strategy), p("freeze.unfreeze_every", int64(2)), p("lr", 1e-3), p("warmup", 0.5))
			tuned.Folds = thirds(len(tuned.Train))
			l := start(t, tuned)
			got := epochs(t, l, 2)
			if !reflect.DeepEqual(got[0], want) {
				t.Errorf("%s, %s: epoch 1 is %v, the probe %v", name, strategy, got[0], want)
			}
			if !reflect.DeepEqual(got[1], without(want, "head_c")) {
				t.Errorf("%s, %s: epoch 2 is %v, the probe %v", name, strategy, got[1], want)
			}
			before := snapshot(tuned.Net)
			r, err := l.Epoch(context.Background(), nil)
			if err != nil {
				t.Fatal(err)
			}
			if _, blocks := differing(tuned.Net, before); len(blocks) < 2 || r.Last {
				t.Errorf("%s, %s: blocks %v changed in epoch 3, last %v", name, strategy, blocks, r.Last)
			}
		}
	}
}

// A trial that starts solved goes on, from any epoch, to the same bits.
func TestStartSolvedResumes(t *testing.T) {
	job := func() Job {
		j := sentences(t, 60, p("freeze.strategy", "lp_ft"), p("freeze.unfreeze_every", int64(2)), p("lr", 1e-3), p("ema_decay", 0.9))
		j.Folds = thirds(len(j.Train))
		return j
	}
	whole := epochs(t, start(t, job()), 4)
	for _, at := range []int{1, 2, 3} {
		dir := t.TempDir()
		first := start(t, job())
		epochs(t, first, at)
		if err := first.Save(dir); err != nil {
			t.Fatal(err)
		}
		second := start(t, job())
		if err := second.Resume(dir); err != nil {
			t.Fatal(err)
		}
		if got := epochs(t, second, 4); !reflect.DeepEqual(got, whole[at:]) {
			t.Errorf("resumed after epoch %d: %v, want %v", at, got, whole[at:])
		}
	}
}

// Where more than the head trains from the start, it starts with the solved one.
func TestFullStartsSolved(t *testing.T) {
	loss := func(from string) float64 {
		return value(t, epochs(t, start(t, sentences(t, 80, p("head_start", from), p("lr", 1e-4))), 1)[0], "train_loss")
	}
	if solved, fresh := loss(SolvedHead), loss(FreshHead); !(solved < fresh) {
		t.Errorf("the first epoch has a loss of %v from a solved head, %v from a fresh one", solved, fresh)
	}
	if c := epochs(t, start(t, sentences(t, 40, p("freeze.strategy", "lp_ft"), p("head_start", FreshHead))), 1)[0]; slices.ContainsFunc(c, func(m trial.Metric) bool { return m.Name == "head_c" }) {
		t.Error("a fresh head was solved")
	}
}

// TestPenaltyIsChosen holds a probe whose penalty is chosen to the one that was given it.
func TestPenaltyIsChosen(t *testing.T) {
	chosen := sentences(t, 120, p("head", SolvedHead))
	chosen.Folds = thirds(len(chosen.Train))
	l := start(t, chosen)
	got := epochs(t, l, 1)[0]
	c := value(t, got, "head_c")
	if !slices.Contains(penalties, c) {
		t.Fatalf("C is %v", c)
	}
	f, _ := l.stage.cache.features(chosen.Train)
	path, err := l.path(context.Background(), f)
	if err != nil {
		t.Fatal(err)
	}
	accuracy := trial.Objective{Metric: "accuracy", Goal: trial.Maximize}
	for _, s := range path {
		if best := path[slices.IndexFunc(path, func(q probe.Strength) bool { return q.Value == c })].Score(accuracy); s.Score(accuracy) > best {
			t.Errorf("C = %v has %v on the folds, the chosen %v has %v", s.Value, s.Score(accuracy), c, best)
		}
	}
	given := epochs(t, start(t, sentences(t, 120, p("head", SolvedHead), p("head_c", c))), 1)[0]
	if !reflect.DeepEqual(without(got, "head_c"), given) {
		t.Errorf("%v, with that C given %v", got, given)
	}
}

// A penalty cannot be chosen by an objective that has no value on the folds: then it is by the loss.
func TestPenaltyIsChosenByTheLoss(t *testing.T) {
	job := sentences(t, 60, p("head", SolvedHead))
	job.Folds, job.Objective.Metric = thirds(len(job.Train)), "val_worst_group_accuracy"
	if c := value(t, epochs(t, start(t, job), 1)[0], "head_c"); !slices.Contains(penalties, c) {
		t.Errorf("C is %v", c)
	}
}

// Labels and numbers are solved, too.
func TestSolvedLabelsAndNumbers(t *testing.T) {
	for _, kind := range []trial.TargetKind{trial.MultiLabel, trial.Regression} {
		options, err := ParseOptions(trial.TaskOf(trial.TextRows, kind), trial.Params{p("head", SolvedHead)})
		if err != nil {
			t.Fatal(err)
		}
		job := sentences(t, 120)
		job.Options, job.Folds = options, thirds(len(job.Train))
		classes := job.Target
		target := &Target{Kind: kind, Outputs: 1, Std: 1}
		if kind == trial.MultiLabel {
			target.Outputs = 3
			job.Objective = trial.Objective{Metric: "val_f1", Goal: trial.Maximize}
		} else {
			job.Objective = trial.Objective{Metric: "val_mse", Goal: trial.Minimize}
		}
		for _, c := range classes.Labels {
			target.Numbers = append(target.Numbers, float64(c))
			target.Marks = append(target.Marks, c == 0, c <= 1, false)
		}
		job.Target = target
		job.Net.ReplaceHead(target.Outputs, 1)
		before, err := Evaluate(context.Background(), job.Net, job.Inputs, target)
		if err != nil {
			t.Fatal(err)
		}
		got := epochs(t, start(t, job), 1)[0]
		if loss := value(t, got, "val_loss"); !(loss < before.Loss/2) || math.IsNaN(value(t, got, "head_c")) {
			t.Errorf("%s: the loss fell from %v to %v", kind, before.Loss, loss)
		}
	}
}
