package sobol

import (
	"encoding/json"
	"os"
	"testing"
)

// All dimensions, at points near the start and far from it, are those of SciPy.
func TestAgreesWithSciPy(t *testing.T) {
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Numbers []uint32
		Points  [][]uint32
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Numbers) != 12 || len(r.Points[0]) != Dims {
		t.Fatalf("%d points of %d dimensions", len(r.Numbers), len(r.Points[0]))
	}
	for i, n := range r.Numbers {
		for d, want := range r.Points[i] {
			if got := raw(n, d); got != want {
				t.Errorf("point %d, dimension %d: %d, SciPy says %d", n, d, got, want)
			}
		}
	}
}
