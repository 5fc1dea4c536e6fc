package train

import (
	"context"
	"errors"
	"math"
	"reflect"
	"testing"

	"automl/runner/finetune/metric"
	"automl/runner/finetune/prefix"
	"automl/trial"
)

func value(t *testing.T, m trial.Metrics, name string) float64 {
	t.Helper()
	v, ok := m.Get(name)
	if !ok {
		t.Fatalf("no metric %s in %v", name, m)
	}
	return v
}

func TestLearnsDigits(t *testing.T) {
	job := digits(t, 320, p("lr", 3e-3), p("batch_size", int64(8)))
	curve := epochs(t, start(t, job), 4)
	last := curve[3]
	if a := value(t, last, "val_accuracy"); a < 0.9 {
		t.Errorf("validation accuracy %v after 4 epochs on 240 digits", a)
	}
	if first, end := value(t, curve[0], "train_loss"), value(t, last, "train_loss"); end > first/2 {
		t.Errorf("training loss went from %v to %v", first, end)
	}
	var want []string
	for _, m := range metric.For(metric.Classes, false) {
		want = append(want, "val_"+m.Name)
	}
	want = append(want, "train_loss", "train_accuracy")
	for i, m := range last {
		if m.Name != want[i] || len(last) != len(want) {
			t.Fatalf("metrics %v, want %v", last, want)
		}
	}
}

func TestSameJobSameBits(t *testing.T) {
	params := []trial.Param{p("dropout", 0.2), p("augment_shift", 1.0), p("optimizer", "sgd"), p("lr", 1e-3)}
	one, two, other := digits(t, 60, params...), digits(t, 60, params...), digits(t, 60, params...)
	other.Fold = 1
	a, b, c := epochs(t, start(t, one), 2), epochs(t, start(t, two), 2), epochs(t, start(t, other), 2)
	if !reflect.DeepEqual(a, b) {
		t.Errorf("the same job gave %v and %v", a, b)
	}
	if names, _ := differing(one.Net, snapshot(two.Net)); len(names) > 0 {
		t.Errorf("tensors %v differ", names)
	}
	if reflect.DeepEqual(a, c) {
		t.Error("another fold gave the same metrics")
	}
}

// Frozen blocks stay as they are, running statistics included; the others move.
func TestFreezeSchedule(t *testing.T) {
	job := digits(t, 60, p("freeze.strategy", "gradual"), p("freeze.depth", 0.5), p("batch_size", int64(16)))
	l := start(t, job)
	for epoch, want := range []map[int]bool{{4: true}, {3: true, 4: true}, {2: true, 3: true, 4: true}, {2: true, 3: true, 4: true}} {
		before := snapshot(job.Net)
		epochs(t, l, epoch+1)
		if _, moved := differing(job.Net, before); !reflect.DeepEqual(moved, want) {
			t.Errorf("epoch %d moved the blocks %v, want %v", epoch+1, moved, want)
		}
	}
}

func TestSurgicalTrainsTheBottomAndTheHead(t *testing.T) {
	job := digits(t, 40, p("freeze.strategy", "surgical"), p("freeze.depth", 0.25))
	before := snapshot(job.Net)
	epochs(t, start(t, job), 1)
	if _, moved := differing(job.Net, before); !reflect.DeepEqual(moved, map[int]bool{0: true, 4: true}) {
		t.Errorf("moved the blocks %v", moved)
	}
}

// Training on cached activations is training on images, to float tolerance.
func TestCacheParity(t *testing.T) {
	for _, params := range [][]trial.Param{
		{p("freeze.strategy", "head_only"), p("label_smoothing", 0.1)},
		{p("freeze.strategy", "partial"), p("freeze.depth", 0.5), p("optimizer", "sgd"), p("lr", 1e-3)},
		{p("freeze.strategy", "lp_ft")},
	} {
		cached, plain := digits(t, 70, params...), digits(t, 70, params...)
		plain.Cache = nil
		a, b := start(t, cached), start(t, plain)
		got, want := epochs(t, a, 2), epochs(t, b, 2)
		for i := range got {
			for j, m := range want[i] {
				if d := math.Abs(got[i][j].Value - m.Value); d > 1e-4*(1+math.Abs(m.Value)) {
					t.Errorf("%v epoch %d: %s is %v with the cache, %v without", params, i+1, m.Name, got[i][j].Value, m.Value)
				}
			}
		}
	}
}

func TestCacheIsUsedWhereItCanBe(t *testing.T) {
	inputs := func(params ...trial.Param) (training, validation bool) {
		l := start(t, digits(t, 40, params...))
		if err := l.enter(1); err != nil {
			t.Fatal(err)
		}
		_, training = cacheOf(l.stage.inputs)
		_, validation = cacheOf(l.stage.valid)
		return training && l.stage.augmented == nil, validation
	}
	head := p("freeze.strategy", "head_only")
	if train, valid := inputs(head); !train || !valid {
		t.Error("frozen blocks were not cached")
	}
	if train, valid := inputs(head, p("augment_crop", int64(1))); train || !valid {
		t.Errorf("with augmentation: training cached %v, validation cached %v", train, valid)
	}
	if train, valid := inputs(); train || valid {
		t.Error("something was cached though nothing is frozen")
	}
	job := digits(t, 40, head)
	job.Cache = prefix.New(prefix.Options{Memory: 1000})
	l := start(t, job)
	if err := l.enter(1); err != nil {
		t.Fatal(err)
	}
	if _, cached := cacheOf(l.stage.inputs); cached {
		t.Error("the cache took more than it may")
	}
}

func TestDiverges(t *testing.T) {
	l := start(t, digits(t, 60, p("optimizer", "sgd"), p("lr", 1e30), p("batch_size", int64(8))))
	var bad *Diverged
	if _, err := l.Epoch(context.Background(), nil); !errors.As(err, &bad) || bad.Epoch != 1 {
		t.Errorf("%v is no *Diverged of epoch 1", err)
	}
}

func TestEarlyStopping(t *testing.T) {
	// At this rate nothing changes, so the second epoch is no better than the first.
	job := digits(t, 40, p("lr", 1e-12), p("freeze.strategy", "head_only"), p("early_stopping", int64(1)))
	l := start(t, job)
	for want := range 2 {
		r, err := l.Epoch(context.Background(), nil)
		if err != nil {
			t.Fatal(err)
		}
		if r.Last != (want == 1) {
			t.Errorf("epoch %d: last is %v", r.Epoch, r.Last)
		}
	}
}

func TestStopper(t *testing.T) {
	s := stopper{objective: trial.Objective{Metric: "val_loss", Goal: trial.Minimize}, patience: 2}
	for i, c := range []struct {
		value float64
		stop  bool
	}{{3, false}, {4, false}, {2, false}, {2, false}, {math.NaN(), true}} {
		if got := s.see(c.value); got != c.stop {
			t.Errorf("value %d: %v", i, got)
		}
	}
	never := stopper{objective: s.objective}
	for range 9 {
		if never.see(1) {
			t.Error("stopped without patience")
		}
	}
}

func TestStopsBetweenSteps(t *testing.T) {
	l := start(t, digits(t, 60, p("batch_size", int64(8))))
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(context.Background())
	steps := 0
	_, err := l.Epoch(ctx, func(step, of int) error {
		if steps++; step != steps || of != 6 {
			t.Errorf("step %d of %d", step, of)
		}
		cancel(cause)
		return nil
	})
	if !errors.Is(err, cause) || steps != 1 {
		t.Errorf("%v after %d steps", err, steps)
	}
	l = start(t, digits(t, 60))
	if _, err := l.Epoch(context.Background(), func(int, int) error { return cause }); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

func TestNothingToTrain(t *testing.T) {
	job := digits(t, 8)
	job.Train = nil
	if _, err := New(job); err == nil {
		t.Error("a job without rows")
	}
	job = digits(t, 8, p("freeze.strategy", "head_only"))
	job.Epochs = 1
	l := start(t, job)
	epochs(t, l, 1)
	if _, err := l.Epoch(context.Background(), nil); err == nil {
		t.Error("an epoch beyond the last")
	}
}

func TestBalanced(t *testing.T) {
	got := (&Target{Kind: trial.Classification, Outputs: 3, Labels: []int32{0, 0, 0, 1, 2}}).balanced([]int{0, 1, 2, 3})
	if want := []float32{4.0 / 9, 4.0 / 3, 0}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	labels := &Target{Kind: trial.MultiLabel, Outputs: 3, Marks: []bool{true, false, true, true, false, false, true, false, false, false, false, false}}
	if got, want := labels.balanced([]int{0, 1, 2, 3}), []float32{1.0 / 3, 0, 3}; !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	job := digits(t, 40, p("class_weights", "balanced"), p("label_smoothing", 0.1))
	epochs(t, start(t, job), 1)
}

func TestClassWeights(t *testing.T) {
	given := []float32{1, 2}
	target := &Target{Kind: trial.Classification, Outputs: 2, Labels: []int32{0, 0, 0, 1}, Weights: given}
	for choice, want := range map[string][]float32{"none": nil, "given": given, "balanced": {2.0 / 3, 2}} {
		job := Job{Target: target, Train: []int{0, 1, 2, 3}, Options: Options{ClassWeights: choice}}
		if got := job.weights(); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", choice, got, want)
		}
	}
	if o, err := ParseOptions(trial.ImageTask, nil); err != nil || o.ClassWeights != GivenWeights {
		t.Errorf("the default is %q, %v", o.ClassWeights, err)
	}
	if _, err := ParseOptions("tabular-regression", trial.Params{p("class_weights", "none")}); err == nil {
		t.Error("a regression has class weights")
	}
}
