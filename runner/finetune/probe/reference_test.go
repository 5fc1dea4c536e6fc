package probe

import (
	"context"
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"
)

// reference holds the fits that testdata/reference.py recorded.
type reference struct {
	Logistic []struct {
		Name         string
		X            [][]float32
		Y            []int32
		C            float64
		Normalize    bool
		NoIntercept  bool      `json:"no_intercept"`
		RowWeights   []float64 `json:"row_weights"`
		ClassWeights []float64 `json:"class_weights"`
		W            [][]float64
		B            []float64
		Objective    float64
	}
	Ridge []struct {
		Name        string
		X           [][]float32
		Y           [][]float64
		Alpha       float64
		Normalize   bool
		NoIntercept bool      `json:"no_intercept"`
		RowWeights  []float64 `json:"row_weights"`
		W           [][]float64
		B           []float64
	}
}

func readReference(t *testing.T) (r reference) {
	t.Helper()
	raw, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func features(rows [][]float32) Features {
	return Features{X: slices.Concat(rows...), Cols: len(rows[0])}
}

// distance is the norm of the difference of two arrays, as a share of the second's norm.
func distance(got []float32, want []float64) float64 {
	diff, norm := 0.0, 0.0
	for i, w := range want {
		diff += (float64(got[i]) - w) * (float64(got[i]) - w)
		norm += w * w
	}
	return math.Sqrt(diff / norm)
}

func TestLogisticIsThatOfScikitLearn(t *testing.T) {
	for _, c := range readReference(t).Logistic {
		t.Run(c.Name, func(t *testing.T) {
			o := Options{C: c.C, Normalize: c.Normalize, NoIntercept: c.NoIntercept, RowWeights: c.RowWeights, ClassWeights: c.ClassWeights, Tolerance: 1e-5}
			m, err := FitLogistic(context.Background(), features(c.X), c.Y, len(c.B), o, nil)
			if err != nil {
				t.Fatal(err)
			}
			off := distance(m.W, slices.Concat(c.W...))
			if off > 1e-4 || off > m.Error+2e-6 {
				t.Errorf("weights are off by %.2g, by their own bound %.2g", off, m.Error)
			}
			for i, b := range c.B {
				if d := math.Abs(float64(m.B[i]) - b); d > 1e-4*(1+math.Abs(b)) {
					t.Errorf("intercept %d is %v, want %v", i, m.B[i], b)
				}
			}
			if d := math.Abs(m.Objective - c.Objective); d > 1e-6*c.Objective {
				t.Errorf("objective %v, want %v", m.Objective, c.Objective)
			}
			t.Logf("%d iterations, converged %v: weights off by %.2g (bound %.2g), objective by %.2g", m.Iterations, m.Converged, off, m.Error, m.Objective/c.Objective-1)
		})
	}
}

func TestRidgeIsThatOfScikitLearn(t *testing.T) {
	for _, c := range readReference(t).Ridge {
		o := RidgeOptions{Alpha: c.Alpha, Normalize: c.Normalize, NoIntercept: c.NoIntercept, RowWeights: c.RowWeights}
		m, err := FitRidge(features(c.X), slices.Concat(c.Y...), len(c.B), o)
		if err != nil {
			t.Fatalf("%s: %v", c.Name, err)
		}
		if d := distance(m.W, slices.Concat(c.W...)); d > 1e-6 {
			t.Errorf("%s: weights are off by %.2g", c.Name, d)
		}
		if d := distance(m.B, c.B); d > 1e-6 || c.NoIntercept && slices.Max(m.B) != 0 {
			t.Errorf("%s: intercepts %v, want %v", c.Name, m.B, c.B)
		}
	}
}
