package tpe

import (
	"math"
	"testing"

	"automl/search/internal/reference"
)

// values holds values of SciPy, made by testdata/reference.py.
type values struct {
	LogCDF   [][2]float64 `json:"log_cdf"`  // z, log Phi(z)
	LogMass  [][3]float64 `json:"log_mass"` // a, b, log(Phi(b) - Phi(a))
	Density  [][4]float64 `json:"density"`  // mean, sigma, x, logarithm of the density
	Quantile [][4]float64 `json:"quantile"` // mean, sigma, u, x
	Mixture  struct {
		Sigma      float64      `json:"sigma"`
		Points     [][]*float64 `json:"points"` // null: the coordinate does not exist
		Queries    [][]*float64 `json:"queries"`
		LogDensity []float64    `json:"log_density"`
	} `json:"mixture"`
}

// agree compares to eleven digits.
func agree(t *testing.T, what string, got, want float64) {
	t.Helper()
	if !(math.Abs(got-want) <= 1e-11*math.Abs(want)+1e-14) {
		t.Errorf("%s: %.17g, SciPy says %.17g", what, got, want)
	}
}

func TestNormalAgreesWithSciPy(t *testing.T) {
	r := reference.Load[values](t)
	for _, c := range r.LogCDF {
		agree(t, "log CDF", logCDF(c[0]), c[1])
	}
	for _, c := range r.LogMass {
		agree(t, "log mass", logMass(c[0], c[1]), c[2])
	}
	for _, c := range r.Density {
		mean, sigma := c[0], c[1]
		agree(t, "density", logNormal(c[2], mean, sigma, logMass(-mean/sigma, (1-mean)/sigma)), c[3])
	}
	for _, c := range r.Quantile {
		agree(t, "quantile", cutNormal(c[2], c[0], c[1]), c[3])
	}
}

func TestEmptyInterval(t *testing.T) {
	for _, z := range []float64{-50, 0, 3} {
		if got := logMass(z, z); !math.IsInf(got, -1) {
			t.Errorf("an empty interval at %v has log mass %v", z, got)
		}
	}
}
