package probe

import (
	"context"
	"math"
	"testing"

	"automl/trial"
)

// marked is rows of clouds with three labels: one that can be told, one that nobody has, one that all have.
func marked(t *testing.T) (Features, []bool) {
	t.Helper()
	f, y := clouds(150, 8, 3, 0.7)
	marks := make([]bool, 0, 3*len(y))
	for _, c := range y {
		marks = append(marks, c == 1, false, true)
	}
	return f, marks
}

// labelObjective is what FitLabels minimizes for label k: scikit-learn's objective of two classes with one row of weights.
func labelObjective(f Features, marks []bool, labels, k int, c, weight float64, w []float32, b float32) float64 {
	out := 0.0
	for _, v := range w {
		out += float64(v) * float64(v) / 2
	}
	for i := range f.Rows() {
		z := float64(b)
		for j, x := range f.Row(i) {
			z += float64(w[j]) * float64(x)
		}
		if marks[i*labels+k] {
			out += c * weight * math.Log1p(math.Exp(-z))
		} else {
			out += c * math.Log1p(math.Exp(z))
		}
	}
	return out
}

// TestLabelsAreTheOptimum moves the weights of a label a little in every direction: all are worse.
func TestLabelsAreTheOptimum(t *testing.T) {
	f, marks := marked(t)
	const c, weight = 2.0, 3.0
	m, err := FitLabels(context.Background(), f, marks, 3, Options{C: c, ClassWeights: []float64{weight, 1, 1}, Tolerance: 1e-6}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w, b := m.W[:f.Cols], m.B[0]
	least := labelObjective(f, marks, 3, 0, c, weight, w, b)
	for j := range f.Cols {
		for _, d := range []float32{-0.02, 0.02} {
			w[j] += d
			if v := labelObjective(f, marks, 3, 0, c, weight, w, b); v < least {
				t.Errorf("weight %d moved by %v: %v, below %v", j, d, v, least)
			}
			w[j] -= d
		}
	}
	if up, down := labelObjective(f, marks, 3, 0, c, weight, w, b+0.02), labelObjective(f, marks, 3, 0, c, weight, w, b-0.02); up < least || down < least {
		t.Errorf("the bias is not the best: %v and %v beside %v", up, down, least)
	}
	n := float64(f.Rows())
	if none, all := float64(m.B[1]), float64(m.B[2]); math.Abs(none+all) > 1e-6 || math.Abs(all-math.Log((n+0.5)/0.5)) > 1e-6 {
		t.Errorf("labels of none and all have biases %v and %v", none, all)
	}
}

func TestLabelsPath(t *testing.T) {
	f, marks := marked(t)
	var folds []Fold
	for k := range 3 {
		var fold Fold
		for i := range f.Rows() {
			if i/3%3 == k {
				fold.Valid = append(fold.Valid, i)
			} else {
				fold.Train = append(fold.Train, i)
			}
		}
		folds = append(folds, fold)
	}
	path, err := LabelsPath(context.Background(), f, marks, 3, folds, []float64{10, 0.001, 1}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	best, err := Best(path, trial.Objective{Metric: "loss", Goal: trial.Minimize})
	if err != nil || len(path) != 3 || path[0].Value != 0.001 || best.Value == 0.001 {
		t.Errorf("%v, best %v of %v", err, best.Value, path)
	}
	if accuracy, _ := best.Folds[0].Get("accuracy"); accuracy < 0.8 {
		t.Errorf("accuracy %v", accuracy)
	}
}

func TestLabelsRefuse(t *testing.T) {
	f, marks := marked(t)
	for what, err := range map[string]error{
		"marks": func() error {
			_, err := FitLabels(context.Background(), f, marks[1:], 3, Options{C: 1}, nil)
			return err
		}(),
		"weights": func() error {
			_, err := FitLabels(context.Background(), f, marks, 3, Options{C: 1, ClassWeights: []float64{1}}, nil)
			return err
		}(),
		"C": func() error { _, err := FitLabels(context.Background(), f, marks, 3, Options{}, nil); return err }(),
		"path": func() error {
			_, err := LabelsPath(context.Background(), f, marks[1:], 3, nil, nil, Options{})
			return err
		}(),
	} {
		if err == nil {
			t.Errorf("wrong %s is taken", what)
		}
	}
}
