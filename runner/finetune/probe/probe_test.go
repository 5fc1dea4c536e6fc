package probe

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"automl/runner/finetune/blas"
	"automl/trial"
)

// clouds draws rows of k classes around centres, class by class in turn.
func clouds(rows, cols, k int, apart float64) (Features, []int32) {
	rng := rand.New(rand.NewPCG(1, 2))
	centres := make([]float64, k*cols)
	for i := range centres {
		centres[i] = apart * rng.NormFloat64()
	}
	f, y := Features{Cols: cols}, make([]int32, rows)
	for i := range rows {
		y[i] = int32(i % k)
		for j := range cols {
			f.X = append(f.X, float32(centres[(i%k)*cols+j]+rng.NormFloat64()))
		}
	}
	return f, y
}

func fit(t *testing.T, f Features, y []int32, classes int, o Options, start *Logistic) *Logistic {
	t.Helper()
	m, err := FitLogistic(context.Background(), f, y, classes, o, start)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func apart(a, b *Logistic) float64 {
	want := make([]float64, len(b.W))
	for i, v := range b.W {
		want[i] = float64(v)
	}
	return distance(a.W, want)
}

func TestFitIsTheSameForAnyNumberOfThreads(t *testing.T) {
	f, y := clouds(500, 40, 20, 0.5)
	defer blas.SetThreads(blas.Threads())
	blas.SetThreads(1)
	want := fit(t, f, y, 20, Options{C: 1}, nil)
	for _, n := range []int{1, 3} {
		blas.SetThreads(n)
		if got := fit(t, f, y, 20, Options{C: 1}, nil); !reflect.DeepEqual(got, want) {
			t.Errorf("with %d threads the fit is another", n)
		}
	}
}

func TestWarmStartGetsToTheSameSooner(t *testing.T) {
	f, y := clouds(200, 30, 5, 0.4)
	near := fit(t, f, y, 5, Options{C: 8}, nil)
	cold := fit(t, f, y, 5, Options{C: 10}, nil)
	warm := fit(t, f, y, 5, Options{C: 10}, near)
	if warm.Iterations >= cold.Iterations {
		t.Errorf("%d iterations from a nearby fit, %d from none", warm.Iterations, cold.Iterations)
	}
	if d := apart(warm, cold); d > warm.Error+cold.Error {
		t.Errorf("the fits are %.2g apart, with bounds %.2g and %.2g", d, warm.Error, cold.Error)
	}
	if again := fit(t, f, y, 5, Options{C: 10}, cold); again.Iterations > 1 {
		t.Errorf("%d iterations from the optimum itself", again.Iterations)
	}
}

// A row without weight is as good as none, and a weight of 2 as good as the row twice.
func TestWeightsCountRows(t *testing.T) {
	f, y := clouds(60, 5, 3, 0.5)
	weights := make([]float64, 60)
	var rows []int
	for i := range weights {
		weights[i] = float64(i % 3 * (i % 2)) // 0, 1, 2, 0, 2, ...: by no means by class
		for range int(weights[i]) {
			rows = append(rows, i)
		}
	}
	weights[0], weights[3] = 1, 1 // class 0 has rows
	rows = append(rows, 0, 3)
	o := Options{C: 1, Tolerance: 1e-5}
	want := fit(t, f.Select(rows), pick(y, rows), 3, o, nil)
	o.RowWeights = weights
	if d := apart(fit(t, f, y, 3, o, nil), want); d > 3e-5 {
		t.Errorf("logistic regressions are %.2g apart", d)
	}
	targets := make([]float64, 60)
	for i := range targets {
		targets[i] = float64(f.X[i*5]) + float64(i%7)
	}
	whole, err := FitRidge(f.Select(rows), pick(targets, rows), 1, RidgeOptions{Alpha: 1})
	if err != nil {
		t.Fatal(err)
	}
	weighted, err := FitRidge(f, targets, 1, RidgeOptions{Alpha: 1, RowWeights: weights})
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole.W {
		if math.Abs(float64(whole.W[i]-weighted.W[i])) > 1e-6 {
			t.Errorf("ridge weight %d is %v and %v", i, whole.W[i], weighted.W[i])
		}
	}
}

func TestAClassWithoutRows(t *testing.T) {
	f, y := clouds(40, 4, 2, 1)
	want := fit(t, f, y, 2, Options{C: 1}, nil)
	for i := range y {
		y[i] *= 2 // classes 0 and 2
	}
	m := fit(t, f, y, 4, Options{C: 1}, nil)
	if !reflect.DeepEqual(m.W[:4], want.W[:4]) || !reflect.DeepEqual(m.W[8:12], want.W[4:]) {
		t.Error("the classes that have rows were fitted otherwise than without the others")
	}
	got, err := m.Measure(f, y)
	if err != nil {
		t.Fatal(err)
	}
	for i := range y {
		if p := got.P[i*4+1]; !(p > 0 && p < 0.02) || p != got.P[i*4+3] {
			t.Fatalf("row %d: class 1 has probability %v, class 3 %v", i, p, got.P[i*4+3])
		}
	}
	if accuracy, _ := got.Measure().Get("accuracy"); accuracy < 0.8 {
		t.Errorf("accuracy %v", accuracy)
	}
	// It may begin the fit of a fold that has the class, too.
	y[0] = 1
	if d := apart(fit(t, f, y, 4, Options{C: 1}, m), fit(t, f, y, 4, Options{C: 1}, nil)); d > 2e-3 {
		t.Errorf("begun with a fit that lacked a class, the weights are %.2g off", d)
	}
}

func TestPathChoosesThePenalty(t *testing.T) {
	f, y := clouds(90, 40, 3, 0.25)
	var folds []Fold
	for k := range 3 {
		var fold Fold
		for i := range y {
			if i/3%3 == k {
				fold.Valid = append(fold.Valid, i)
			} else {
				fold.Train = append(fold.Train, i)
			}
		}
		folds = append(folds, fold)
	}
	values := []float64{100, 1e-4, 0.05}
	got, err := LogisticPath(context.Background(), f, y, 3, folds, values, Options{Tolerance: 1e-5})
	if err != nil {
		t.Fatal(err)
	}
	loss := trial.Objective{Metric: "loss", Goal: trial.Minimize}
	for i, c := range []float64{1e-4, 0.05, 100} {
		if got[i].Value != c || len(got[i].Folds) != 3 {
			t.Fatalf("entry %d is %+v", i, got[i])
		}
		one := fit(t, f.Select(folds[1].Train), pick(y, folds[1].Train), 3, Options{C: c, Tolerance: 1e-5}, nil)
		rows, err := one.Measure(f.Select(folds[1].Valid), pick(y, folds[1].Valid))
		if err != nil {
			t.Fatal(err)
		}
		want, _ := rows.Measure().Get("loss")
		if have, _ := got[i].Folds[1].Get("loss"); math.Abs(have-want) > 1e-4*want {
			t.Errorf("C %v: loss %v on the path, %v of a fit from nothing", c, have, want)
		}
	}
	best, err := Best(got, loss)
	if err != nil || best.Value != 0.05 {
		t.Errorf("the best is %v (%v, %v, %v), %v", best.Value, got[0].Score(loss), got[1].Score(loss), got[2].Score(loss), err)
	}
	if _, err := Best(got, trial.Objective{Metric: "nonsense", Goal: trial.Minimize}); err == nil {
		t.Error("the best of a metric that is not there")
	}
}

func TestRidgePathChoosesThePenalty(t *testing.T) {
	f, _ := clouds(60, 40, 1, 0)
	rng := rand.New(rand.NewPCG(3, 4))
	y := make([]float64, 60)
	for i := range y {
		y[i] = 7 + float64(f.Row(i)[0]) + rng.NormFloat64()
	}
	folds := []Fold{{}, {}}
	for i := range y {
		folds[i%2].Train = append(folds[i%2].Train, i)
		folds[1-i%2].Valid = append(folds[1-i%2].Valid, i)
	}
	got, err := RidgePath(f, y, folds, []float64{1e-3, 30, 1e6}, RidgeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	best, err := Best(got, trial.Objective{Metric: "r2", Goal: trial.Maximize})
	if err != nil || best.Value != 30 || got[0].Value != 1e6 {
		t.Errorf("the best of %+v is %v, %v", got, best.Value, err)
	}
	tied := []Strength{{Value: 2, Folds: got[0].Folds}, {Value: 1, Folds: got[0].Folds}}
	if best, err := Best(tied, trial.Objective{Metric: "mse", Goal: trial.Minimize}); err != nil || best.Value != 2 {
		t.Errorf("of equal ones %v was chosen, %v", best.Value, err)
	}
}

func TestStopsWhenToldTo(t *testing.T) {
	f, y := clouds(50, 5, 2, 1)
	ctx, cancel := context.WithCancelCause(context.Background())
	cause := errors.New("enough")
	cancel(cause)
	if _, err := FitLogistic(ctx, f, y, 2, Options{C: 1}, nil); !errors.Is(err, cause) {
		t.Errorf("%v", err)
	}
}

func TestRefusesWhatCannotBeFitted(t *testing.T) {
	good := Features{X: []float32{1, 2, 3, 4, 5, 6}, Cols: 2}
	nan := Features{X: []float32{1, 2, 3, float32(math.NaN()), 5, 6}, Cols: 2}
	y := []int32{0, 1, 0}
	logistic := func(f Features, y []int32, o Options) error {
		_, err := FitLogistic(context.Background(), f, y, 2, o, nil)
		return err
	}
	ridge := func(f Features, y []float64, o RidgeOptions) error {
		_, err := FitRidge(f, y, 1, o)
		return err
	}
	for _, c := range []struct {
		err  error
		text string
	}{
		{logistic(nan, y, Options{C: 1}), "feature 1 of row 1 is NaN"},
		{logistic(Features{X: good.X[:5], Cols: 2}, y, Options{C: 1}), "5 values are no rows of 2"},
		{logistic(Features{}, nil, Options{C: 1}), "no rows"},
		{logistic(good, y[:2], Options{C: 1}), "2 classes for 3 rows"},
		{logistic(good, []int32{0, 1, 2}, Options{C: 1}), "row 2 has class 2, there are classes 0 to 1"},
		{logistic(good, []int32{1, 1, 1}, Options{C: 1}), "nothing to tell apart"},
		{logistic(good, y, Options{}), "C is 0"},
		{logistic(good, y, Options{C: math.Inf(1)}), "C is +Inf"},
		{logistic(good, y, Options{C: 1, RowWeights: []float64{1}}), "1 weights for 3 rows"},
		{logistic(good, y, Options{C: 1, RowWeights: []float64{1, -1, 1}}), "weight of row 1 is -1"},
		{logistic(good, y, Options{C: 1, RowWeights: []float64{0, 0, 0}}), "all 3 rows"},
		{logistic(good, y, Options{C: 1, ClassWeights: []float64{1}}), "1 class weights for 2 classes"},
		{logistic(good, y, Options{C: 1, ClassWeights: []float64{1, math.NaN()}}), "weight of class 1 is NaN"},
		{ridge(good, []float64{1, 2, 3}, RidgeOptions{}), "alpha is 0"},
		{ridge(good, []float64{1, 2}, RidgeOptions{Alpha: 1}), "2 targets for 3 rows of 1"},
		{ridge(good, []float64{1, 2, math.NaN()}, RidgeOptions{Alpha: 1}), "target 0 of row 2 is NaN"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.text) {
			t.Errorf("%v, want one with %q", c.err, c.text)
		}
	}
	start := &Logistic{Classes: 3, Cols: 2}
	if _, err := FitLogistic(context.Background(), good, y, 2, Options{C: 1}, start); err == nil || !strings.Contains(err.Error(), "cannot start") {
		t.Errorf("%v", err)
	}
	if _, err := LogisticPath(context.Background(), good, y, 2, []Fold{{Train: []int{0, 1}, Valid: []int{3}}}, []float64{1}, Options{}); err == nil ||
		!strings.Contains(err.Error(), "fold 0: probe: row 3 of 3") {
		t.Errorf("%v", err)
	}
	if m := fit(t, good, y, 2, Options{C: 1}, nil); m != nil {
		if _, err := m.Logits(Features{X: make([]float32, 3), Cols: 3}); err == nil {
			t.Error("predicted rows of another size")
		}
	}
}

func benchmarkLogistic(b *testing.B, rows int) {
	f, y := clouds(rows, 384, 77, 0.3)
	b.ResetTimer()
	for range b.N {
		m, err := FitLogistic(context.Background(), f, y, 77, Options{C: 10, Normalize: true}, nil)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(m.Iterations), "iterations")
	}
}

func BenchmarkLogistic770x384(b *testing.B)   { benchmarkLogistic(b, 770) }
func BenchmarkLogistic10000x384(b *testing.B) { benchmarkLogistic(b, 10000) }

func BenchmarkRidge10000x384(b *testing.B) {
	f, _ := clouds(10000, 384, 77, 0.3)
	y := make([]float64, 10000)
	for i := range y {
		y[i] = float64(f.Row(i)[0])
	}
	b.ResetTimer()
	for range b.N {
		if _, err := FitRidge(f, y, 1, RidgeOptions{Alpha: 1}); err != nil {
			b.Fatal(err)
		}
	}
}
