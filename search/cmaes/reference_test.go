package cmaes

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"testing"
)

// reference is values of NumPy and SciPy, see testdata/reference.py.
type reference struct {
	Runs []struct {
		N, Lambda   int
		Generations []struct {
			Points     [][]float64 // best first
			Mean       []float64
			Sigma      float64
			Cov        [][]float64
			PSigma, PC []float64
		}
	}
	Truncated [][4]float64 // a, b, u, x
}

func load(t *testing.T) reference {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func agree(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: %.15g, want %.15g", what, got, want)
	}
}

// Generation after generation, mean, step size, covariance and both paths are those of the tutorial's equations.
func TestUpdatesAgreeWithNumPy(t *testing.T) {
	for _, run := range load(t).Runs {
		d := New(numbers(run.N), nil, run.Lambda)
		for g, want := range run.Generations {
			points := make([]Point, len(want.Points))
			for k, x := range want.Points {
				points[k] = Point{X: x, Source: source(1)}
			}
			d = d.Next(points, true)
			what := fmt.Sprintf("n %d, lambda %d, generation %d", run.N, run.Lambda, g)
			agree(t, what+", sigma", d.sigma, want.Sigma, 1e-11)
			for i := range run.N {
				agree(t, what+", mean", d.mean[i], want.Mean[i], 1e-11)
				agree(t, what+", path of the step size", d.psigma[i], want.PSigma[i], 1e-10)
				agree(t, what+", path of the covariance", d.pc[i], want.PC[i], 1e-10)
				for j := range run.N {
					agree(t, what+", covariance", d.cov.At(i, j), want.Cov[i][j], 1e-10)
				}
			}
		}
	}
}

func TestTruncatedAgreesWithSciPy(t *testing.T) {
	for _, c := range load(t).Truncated {
		agree(t, fmt.Sprintf("quantile %v between %v and %v", c[2], c[0], c[1]), truncated(c[0], c[1], c[2]), c[3], 1e-6)
	}
}
