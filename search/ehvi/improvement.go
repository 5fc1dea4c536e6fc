package ehvi

import (
	"math"
	"slices"

	"automl/search/gp"
	"automl/trial/pareto"
)

// Improvement is the expected hypervolume improvement on a front, up to a reference point. The region that the front does not
// dominate is cut into boxes; since the objectives are modelled independently, what a point of outcome Z is expected to add is
//
//	sum over boxes of the product over objectives j of  E[(high_j - Z_j)+] - E[(low_j - Z_j)+]
//
// each term an expected improvement, below a bound in place of the best value.
type Improvement struct {
	levels [][]float64 // (m), the bounds of the boxes in each objective, rising
	boxes  [][]bounds  // (b x m)
}

// bounds are positions in the levels; -1 is no bound.
type bounds struct{ low, high int }

// New prepares the improvement on a front (n x m), which may hold dominated points, up to the reference (m).
func New(front [][]float64, reference []float64) *Improvement {
	cut := pareto.Boxes(front, reference)
	im := &Improvement{levels: make([][]float64, len(reference)), boxes: make([][]bounds, len(cut))}
	for j := range reference {
		for _, b := range cut {
			im.levels[j] = append(im.levels[j], b.High[j])
			if !math.IsInf(b.Low[j], -1) {
				im.levels[j] = append(im.levels[j], b.Low[j])
			}
		}
		slices.Sort(im.levels[j])
		im.levels[j] = slices.Compact(im.levels[j])
	}
	for i, b := range cut {
		im.boxes[i] = make([]bounds, len(reference))
		for j := range reference {
			low := -1
			if !math.IsInf(b.Low[j], -1) {
				low, _ = slices.BinarySearch(im.levels[j], b.Low[j])
			}
			high, _ := slices.BinarySearch(im.levels[j], b.High[j])
			im.boxes[i][j] = bounds{low, high}
		}
	}
	return im
}

// Log is the logarithm of the expected improvement at a point whose outcomes are normal with means (m) and standard deviations
// sd (m), all above 0. It stays finite where the improvement itself is too small for a float64.
func (im *Improvement) Log(mean, sd []float64) float64 {
	if v := im.expected(mean, sd); v > 1e-280 {
		return math.Log(v)
	}
	return im.inLogs(mean, sd)
}

// expected is the improvement itself, which may underflow.
func (im *Improvement) expected(mean, sd []float64) float64 {
	var room [4][]float64
	values := room[:0]
	for j, levels := range im.levels {
		v := make([]float64, len(levels))
		for k, level := range levels {
			z := (level - mean[j]) / sd[j]
			v[k] = sd[j] * (math.Exp(-0.5*z*z)/sqrt2Pi + z*0.5*math.Erfc(-z/math.Sqrt2))
		}
		values = append(values, v)
	}
	sum := 0.0
	for _, box := range im.boxes {
		term := 1.0
		for j, b := range box {
			t := values[j][b.high]
			if b.low >= 0 {
				t -= values[j][b.low]
			}
			term *= max(t, 0)
		}
		sum += term
	}
	return sum
}

var sqrt2Pi = math.Sqrt(2 * math.Pi)

// inLogs is Log where the improvement underflows.
func (im *Improvement) inLogs(mean, sd []float64) float64 {
	logs := make([][]float64, len(im.levels))
	for j, levels := range im.levels {
		logs[j] = make([]float64, len(levels))
		for k, level := range levels {
			logs[j][k], _, _ = gp.LogEI(mean[j], sd[j], level)
		}
	}
	sum := logSum{top: math.Inf(-1)}
	for _, box := range im.boxes {
		term := 0.0
		for j, b := range box {
			term += logs[j][b.high]
			if b.low >= 0 {
				term += log1mexp(logs[j][b.low] - logs[j][b.high])
			}
		}
		sum.add(term)
	}
	return sum.value()
}

// log1mexp is log(1 - exp(x)) for x <= 0, accurate at both ends (Mächler 2012).
func log1mexp(x float64) float64 {
	if x > -math.Ln2 {
		return math.Log(-math.Expm1(x))
	}
	return math.Log1p(-math.Exp(x))
}

// logSum adds up numbers that are given by their logarithms.
type logSum struct{ top, sum float64 }

func (s *logSum) add(x float64) {
	switch {
	case math.IsInf(x, -1) || math.IsNaN(x): // a box so thin that rounding closes it
	case x <= s.top:
		s.sum += math.Exp(x - s.top)
	default:
		s.sum = s.sum*math.Exp(s.top-x) + 1
		s.top = x
	}
}

func (s *logSum) value() float64 {
	if math.IsInf(s.top, -1) {
		return s.top
	}
	return s.top + math.Log(s.sum)
}
