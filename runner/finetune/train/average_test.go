package train

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"

	"automl/runner/finetune/model"
	"automl/trial"
)

func TestAverageFollowsTheWeights(t *testing.T) {
	net, err := model.NewMLP(model.MLPConfig{Features: 3, Hidden: 2, Layers: 1, Classes: 2}, 1)
	if err != nil {
		t.Fatal(err)
	}
	const decay = 0.5
	a := newAverage(net, decay)
	a.begin([]bool{false, true})
	head := net.Param("head.weight").Data
	want := make([]float64, len(head))
	for i, v := range head {
		want[i] = float64(v)
	}
	for step := range 30 {
		keep := min(decay, float64(1+step)/float64(10+step))
		for i := range head {
			head[i] += 0.125 * float32(i+1)
			want[i] = keep*want[i] + (1-keep)*float64(head[i])
		}
		a.follow(step)
	}
	if len(a.shadow) != 2 {
		t.Errorf("%d tensors are averaged, those of the head are 2", len(a.shadow))
	}
	trained := slices.Clone(head)
	a.swap()
	for i, v := range head {
		if math.Abs(float64(v)-want[i]) > 1e-5 {
			t.Errorf("average %d is %v, want %v", i, v, want[i])
		}
	}
	a.swap()
	if !slices.Equal(head, trained) {
		t.Error("swapped twice, the weights are others")
	}
}

// What is measured after an epoch is the average, and so is what is handed over; training goes on from the weights themselves.
func TestAverageIsMeasuredAndHandedOver(t *testing.T) {
	params := []trial.Param{p("batch_size", int64(8)), p("lr", 3e-3)}
	plain, averaged := digits(t, 80, params...), digits(t, 80, append(params, p("ema_decay", 0.98))...)
	a, b := start(t, plain), start(t, averaged)
	want, got := epochs(t, a, 2), epochs(t, b, 2)
	for e := range want {
		if x, y := value(t, want[e], "train_loss"), value(t, got[e], "train_loss"); x != y {
			t.Errorf("epoch %d: training loss %v, without the average %v", e+1, y, x)
		}
		if reflect.DeepEqual(want[e], got[e]) {
			t.Errorf("epoch %d: the average measures as the weights do", e+1)
		}
	}
	if names, _ := differing(averaged.Net, snapshot(plain.Net)); len(names) > 0 {
		t.Errorf("tensors %v are not as without the average", names)
	}
	b.Finish()
	f, err := newFeed(averaged.Inputs, evalBatch)
	if err != nil {
		t.Fatal(err)
	}
	ev, err := averaged.Net.NewEvaluator(model.EvalOptions{Batch: evalBatch})
	if err != nil {
		t.Fatal(err)
	}
	defer ev.Close()
	e, err := evaluate(context.Background(), ev, f, averaged.Valid, averaged.Target)
	if err != nil {
		t.Fatal(err)
	}
	if measured := got[1][:len(e.values)]; !reflect.DeepEqual(e.Metrics("val_"), measured) {
		t.Errorf("what is handed over measures %v, the last epoch did %v", e.Metrics("val_"), measured)
	}
}

func TestHeadLR(t *testing.T) {
	job := digits(t, 8, p("lr", 1e-3), p("head_lr", 0.02), p("freeze.layer_decay", 0.5))
	if got, want := start(t, job).factors, []float64{0.0625, 0.125, 0.25, 0.5, 20}; !reflect.DeepEqual(got, want) {
		t.Errorf("factors %v, want %v", got, want)
	}
	if _, err := ParseOptions(trial.ImageTask, trial.Params{p("head_lr", 0.1), p("freeze.head_lr_factor", 2.0)}); err == nil {
		t.Error("a head with two rates")
	}
}
