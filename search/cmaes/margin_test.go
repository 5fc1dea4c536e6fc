package cmaes

import (
	"math"
	"testing"
)

// However long a search has stood still, each number with cells leaves the cell of its mean with a probability of about alpha,
// and each choice is drawn.
func TestMargin(t *testing.T) {
	dims := []Dim{steps(10), steps(3), {}, steps(2), {Choices: 4}, {Choices: 2}}
	_, d := minimize(New(dims, nil, 10), 200, 4, func(x []float64) float64 {
		return math.Abs(math.Floor(x[0]*10)-6) + math.Floor(x[1]*3) + math.Abs(x[2]-0.5) + x[3] + x[4] + x[5]
	})
	alpha := 1 / float64(4*10)
	for _, i := range []int{0, 1, 3} {
		low, high := d.cell(i, d.mean[i])
		s := d.deviation(i)
		leaves := phi((low-d.mean[i])/s) + 1 - phi((high-d.mean[i])/s)
		if leaves < 0.99*alpha || leaves > 10*alpha {
			t.Errorf("number %d leaves its cell with %.4f, alpha is %.4f", i, leaves, alpha)
		}
	}
	if x := math.Floor(min(max(d.mean[0], 0), 0.99) * 10); x != 6 {
		t.Errorf("the first number stands at %v", x)
	}
	for k, q := range d.q {
		sum, least := 0.0, (1-math.Sqrt(choiceMode))/float64(len(q)-1)
		for v, p := range q {
			sum += p
			if p < least-1e-12 {
				t.Errorf("choice %d: value %d has %.4f, the least is %.4f", k, v, p, least)
			}
		}
		if math.Abs(sum-1) > 1e-9 || q[0] < 0.9 {
			t.Errorf("choice %d: %v", k, q)
		}
	}
}

// Both neighbours of an inner cell keep half of alpha, wherever the mean and however narrow the distribution.
func TestKeepInner(t *testing.T) {
	for _, s := range []float64{1e-12, 1e-3, 0.03, 0.2} {
		for _, m := range []float64{0.2001, 0.21, 0.3, 0.3999} {
			d := New([]Dim{steps(5)}, []Point{{X: []float64{m}}}, 10)
			d.sigma = s
			d.keepMargin()
			below, above := phi((0.2-d.mean[0])/d.deviation(0)), 1-phi((0.4-d.mean[0])/d.deviation(0))
			if below < 0.0499 || above < 0.0499 || below+above > 1 {
				t.Errorf("mean %v, deviation %v: %.4f below, %.4f above", m, s, below, above)
			}
		}
	}
}

func TestTruncated(t *testing.T) {
	inf := math.Inf(1)
	for _, c := range []struct{ a, b, u, want float64 }{
		{-inf, inf, 0.5, 0}, {-inf, inf, 0.975, 1.959964}, {0, inf, 0.5, 0.674490}, {-inf, 0, 0.5, -0.674490},
		{-1, 1, 0.5, 0}, {40, 41, 0.5, 40}, {-41, -40, 0.5, -40}, {8, 9, 0.5, 8}, {3, 4, 0.5, 3.1985}, {0.2, 0.2, 0.7, 0.2},
	} {
		if got := truncated(c.a, c.b, c.u); math.Abs(got-c.want) > 1e-3 || got < c.a || got > c.b {
			t.Errorf("the %v-quantile between %v and %v is %v, not %v", c.u, c.a, c.b, got, c.want)
		}
	}
}

func TestMirror(t *testing.T) {
	for v, want := range map[float64]float64{0.3: 0.3, -0.25: 0.25, 1.25: 0.75, 2.25: 0.25, -1.25: 0.75, 5: 1} {
		if got := mirror(v); math.Abs(got-want) > 1e-12 {
			t.Errorf("%v becomes %v", v, got)
		}
	}
}
