package schedulers

import (
	"math"
	"testing"
)

func TestCrossBack(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		name string
		a, b []float64
		want bool
	}{
		{"never", []float64{3, 2, 1}, []float64{4, 3, 2}, false},
		{"once", []float64{3, 2, 1}, []float64{2, 2.5, 3}, false},
		{"there and back", []float64{3, 1, 3}, []float64{2, 2, 2}, true},
		{"back by a tie", []float64{3, 2, 1, 2, 3}, []float64{2, 2, 2, 2, 2}, true},
		{"only ties", []float64{1, 1, 1}, []float64{1, 1, 1}, false},
		{"unknown first", []float64{nan, 1, 3}, []float64{9, 2, 2}, false},
		{"unknown in between", []float64{3, nan, 1, nan, 3}, []float64{2, 2, 2, 2, 2}, true},
	} {
		if got := crossBack(c.a, c.b); got != c.want || crossBack(c.b, c.a) != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// The values are those of numpy.percentile.
func TestPercentile(t *testing.T) {
	for _, c := range []struct {
		v       []float64
		p, want float64
	}{
		{[]float64{7}, 90, 7},
		{[]float64{4, 1, 3, 2}, 90, 3.7},
		{[]float64{4, 1, 3, 2}, 100, 4},
		{[]float64{4, 1, 3, 2}, 0, 1},
		{[]float64{5, 1}, 50, 3},
	} {
		if got := percentile(c.v, c.p); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%v of %v is %v", c.p, c.v, got)
		}
	}
}
