package simulate

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"automl/trial"
)

// The losses of made-up trials rank them as they end as well as they are said to.
func TestCurvesRankAsRealOnesDo(t *testing.T) {
	const n, epochs = 4000, 50
	c := newCurves(trial.Shape{Folds: 1, Epochs: epochs}, 3)
	full := rankAfter(epochs)
	for _, point := range correlations[1:5] {
		a, b := make([]float64, n), make([]float64, n)
		for i := range n {
			a[i], b[i] = c.loss(i, 0, int(point.epochs)), c.loss(i, 0, epochs)
		}
		if got, want := pearson(ranks(a), ranks(b)), point.rank/full; math.Abs(got-want) > 0.04 {
			t.Errorf("after %v epochs the rank correlation with the end is %.3f, want about %.3f", point.epochs, got, want)
		}
	}
}

func TestRankAfter(t *testing.T) {
	last := -1.0
	for e := 0.0; e < 1000; e += 0.5 {
		if now := rankAfter(e); now <= last || now >= 1 {
			t.Fatalf("after %v epochs %v, before %v", e, now, last)
		} else {
			last = now
		}
	}
	if got := rankAfter(9); got != 0.86 {
		t.Errorf("after 9 epochs %v", got)
	}
}

func ranks(v []float64) []float64 {
	order := make([]int, len(v))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int { return cmp.Compare(v[i], v[j]) })
	out := make([]float64, len(v))
	for place, i := range order {
		out[i] = float64(place)
	}
	return out
}

func pearson(a, b []float64) float64 {
	ma, mb := mean(a), mean(b)
	var ab, aa, bb float64
	for i := range a {
		ab += (a[i] - ma) * (b[i] - mb)
		aa += (a[i] - ma) * (a[i] - ma)
		bb += (b[i] - mb) * (b[i] - mb)
	}
	return ab / math.Sqrt(aa*bb)
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x / float64(len(v))
	}
	return sum
}

// What the oracle expects of a trial is right on average, and wrong by as much as it says, before anything is known, within the first
// fold, and after some folds.
func TestOracleKnowsWhatItDoesNotKnow(t *testing.T) {
	const n = 6000
	for _, shape := range []trial.Shape{{Folds: 1, Epochs: 20}, {Folds: 4, Epochs: 10}} {
		o := oracle{newCurves(shape, 5)}
		for _, at := range []trial.Resource{{}, {Epoch: 1}, {Epoch: 3}, {Epoch: 9}, {Epoch: shape.Epochs}, {Fold: 1, Epoch: shape.Epochs}, {Fold: 2, Epoch: shape.Epochs}} {
			if at.Fold >= shape.Folds || at == shape.Full() {
				continue
			}
			off, square, known := 0.0, 0.0, 0.0
			for i := range n {
				d := mean(o.of(i).ends) - o.mean(i, at)
				off += d / n
				square += d * d / n
				known += d * o.mean(i, at) / n
			}
			v := o.variance(at)
			if math.Abs(off) > 0.05 || math.Abs(square/v-1) > 0.08 || math.Abs(known) > 0.05 {
				t.Errorf("%v at %s: off by %.3f, squared %.4f where %.4f is expected, and %.3f with what was expected", shape, at, off, square, v, known)
			}
		}
		if v := o.variance(shape.Full()); v != 0 {
			t.Errorf("%v: %v is unknown of a complete trial", shape, v)
		}
	}
}
