package cmaes

import (
	"fmt"
	"testing"

	"automl/search/internal/reference"
)

// values holds values of NumPy and SciPy, see testdata/reference.py.
type values struct {
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

// Generation after generation, mean, step size, covariance and both paths are those of the tutorial's equations.
func TestUpdatesAgreeWithNumPy(t *testing.T) {
	for _, run := range reference.Load[values](t).Runs {
		d := New(numbers(run.N), nil, run.Lambda)
		for g, want := range run.Generations {
			points := make([]Point, len(want.Points))
			for k, x := range want.Points {
				points[k] = Point{X: x, Source: source(1)}
			}
			d = d.Next(points, true)
			what := fmt.Sprintf("n %d, lambda %d, generation %d", run.N, run.Lambda, g)
			reference.Agree(t, what+", sigma", d.sigma, want.Sigma, 1e-11)
			for i := range run.N {
				reference.Agree(t, what+", mean", d.mean[i], want.Mean[i], 1e-11)
				reference.Agree(t, what+", path of the step size", d.psigma[i], want.PSigma[i], 1e-10)
				reference.Agree(t, what+", path of the covariance", d.pc[i], want.PC[i], 1e-10)
				for j := range run.N {
					reference.Agree(t, what+", covariance", d.cov.At(i, j), want.Cov[i][j], 1e-10)
				}
			}
		}
	}
}

func TestTruncatedAgreesWithSciPy(t *testing.T) {
	for _, c := range reference.Load[values](t).Truncated {
		reference.Agree(t, fmt.Sprintf("quantile %v between %v and %v", c[2], c[0], c[1]), truncated(c[0], c[1], c[2]), c[3], 1e-6)
	}
}
