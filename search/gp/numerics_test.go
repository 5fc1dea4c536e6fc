package gp

import (
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"automl/search/internal/reference"
)

// Tails, the input warp and the output warps are those of SciPy, NumPy and mpmath, see testdata/numerics.py.
func TestNumericsAgree(t *testing.T) {
	data, err := os.ReadFile("testdata/numerics.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		LogCDF      [][3]float64 `json:"log_cdf"` // z, log Phi(z), phi(z)/Phi(z)
		Kumaraswamy [][4]float64 // x, a, b, w
		Outputs     []float64
		HalfRank    []float64 `json:"half_rank"`
		MeanLog     []float64 `json:"mean_log"`
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	for _, c := range r.LogCDF {
		v, slope := logCDF(c[0])
		reference.Agree(t, fmt.Sprintf("log Phi(%v)", c[0]), v, c[1], 1e-12)
		reference.Agree(t, fmt.Sprintf("phi/Phi at %v", c[0]), slope, c[2], 1e-12)
	}
	for _, c := range r.Kumaraswamy {
		reference.Agree(t, fmt.Sprintf("Kumaraswamy %v of %v", c[1:3], c[0]), kumaraswamy(c[0], c[1], c[2]), c[3], 1e-13)
	}
	half, mean := halfRank(r.Outputs), meanLog(r.Outputs)
	for i := range r.Outputs {
		reference.Agree(t, "half-rank warp", half[i], r.HalfRank[i], 1e-12)
		reference.Agree(t, "mean-log warp", mean[i], r.MeanLog[i], 1e-12)
	}
}
