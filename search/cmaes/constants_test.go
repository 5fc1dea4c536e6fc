package cmaes

import (
	"math"
	"testing"
)

// The weights as pycma prints them: "(5_w,10)-aCMA-ES (mu_w=3.2,w_1=45%) in dimension 10", and that of dimension 6.
func TestWeights(t *testing.T) {
	for n, want := range map[int]struct {
		lambda, mu  int
		mueff, best float64
	}{6: {9, 4, 2.8, 0.49}, 10: {10, 5, 3.2, 0.45}} {
		lambda := Lambda(n)
		c := newConstants(n, lambda)
		if lambda != want.lambda || c.mu != want.mu || math.Abs(c.mueff-want.mueff) > 0.05 || math.Abs(c.weights[0]-want.best) > 0.01 {
			t.Errorf("dimension %d: lambda %d, mu %d, mueff %.3f, first weight %.3f", n, lambda, c.mu, c.mueff, c.weights[0])
		}
	}
}

// For every dimension and size: positive weights sum to 1, weights fall, rates lie between 0 and 1, and C stays positive: what
// the negative weights take away is less than what there is (52).
func TestConstants(t *testing.T) {
	for n := range 60 {
		for _, lambda := range []int{2, 3, Lambda(n), 3 * Lambda(n), 500} {
			c := newConstants(n, lambda)
			sum, negative := 0.0, 0.0
			for i, w := range c.weights {
				if i > 0 && w > c.weights[i-1] {
					t.Fatalf("n %d, lambda %d: weights %v", n, lambda, c.weights)
				}
				if i < c.mu {
					sum += w
				} else {
					negative += w
				}
			}
			d := float64(max(n, 1))
			if math.Abs(sum-1) > 1e-12 || c.c1+c.cmu > 1+1e-12 || c.c1 <= 0 || c.cmu < 0 || c.csigma >= 1 || c.cc > 1 ||
				1-c.c1-c.cmu+d*c.cmu*negative < -1e-12 {
				t.Fatalf("n %d, lambda %d: %+v, %g, %g", n, lambda, c, sum, negative)
			}
		}
	}
}
