package cmaes

import "math"

// constants are the strategy parameters for n numbers and lambda points (table 1).
type constants struct {
	weights []float64 // lambda of them, the first mu positive with sum 1, the others negative
	mu      int
	mueff   float64 // variance effective selection mass of the positive weights
	csigma  float64 // learning rate of the path of the step size
	dsigma  float64 // damping of the step size
	cc      float64 // learning rate of the path of the covariance
	c1, cmu float64 // learning rates of the rank-one and the rank-mu update
	chi     float64 // E||N(0, I)||
}

// Lambda is the number of points of a generation in n dimensions (equation 48).
func Lambda(n int) int { return 4 + int(3*math.Log(float64(max(n, 1)))) }

func newConstants(n, lambda int) constants {
	c := constants{mu: lambda / 2, weights: make([]float64, lambda)}
	var sum, squares, negative, negativeSquares float64
	for i := range c.weights {
		w := math.Log(float64(lambda+1)/2) - math.Log(float64(i+1)) // (49)
		c.weights[i] = w
		if i < c.mu {
			sum, squares = sum+w, squares+w*w
		} else {
			negative, negativeSquares = negative+w, negativeSquares+w*w
		}
	}
	d := float64(max(n, 1))
	c.mueff = sum * sum / squares
	c.csigma = (c.mueff + 2) / (d + c.mueff + 5)                                  // (55)
	c.dsigma = 1 + 2*max(0, math.Sqrt((c.mueff-1)/(d+1))-1) + c.csigma            // (55)
	c.cc = (4 + c.mueff/d) / (d + 4 + 2*c.mueff/d)                                // (56)
	c.c1 = 2 / ((d+1.3)*(d+1.3) + c.mueff)                                        // (57)
	c.cmu = min(1-c.c1, 2*(0.25+c.mueff+1/c.mueff-2)/((d+2)*(d+2)+c.mueff))       // (58)
	c.chi = math.Sqrt(d) * (1 - 1/(4*d) + 1/(21*d*d))                             // E||N(0, I)||, below (44)
	alpha := min(1+c.c1/c.cmu, 1+2*negative*negative/negativeSquares/(c.mueff+2), // (50), (51)
		(1-c.c1-c.cmu)/(d*c.cmu)) // (52)
	for i, w := range c.weights {
		if i < c.mu {
			c.weights[i] = w / sum // (53)
		} else {
			c.weights[i] = w * alpha / math.Abs(negative) // (53)
		}
	}
	return c
}
