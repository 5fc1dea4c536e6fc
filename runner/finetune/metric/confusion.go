package metric

import "math"

// Confusion counts, for every class, what its rows were taken for.
type Confusion struct {
	K int
	N []int // K x K: N[actual*K+predicted]
}

// NewConfusion returns an empty matrix of k classes.
func NewConfusion(k int) *Confusion { return &Confusion{K: k, N: make([]int, k*k)} }

// Add counts one row.
func (c *Confusion) Add(actual, predicted int) { c.N[actual*c.K+predicted]++ }

// Rows returns the matrix row by row; row i counts the rows of class i.
func (c *Confusion) Rows() [][]int {
	out := make([][]int, c.K)
	for i := range out {
		out[i] = c.N[i*c.K : (i+1)*c.K : (i+1)*c.K]
	}
	return out
}

// Scores are the metrics that follow from a confusion matrix, each in 0..1.
type Scores struct {
	Accuracy         float64
	BalancedAccuracy float64 // mean recall of the classes that occur
	Precision        float64 // macro
	Recall           float64 // macro
	F1               float64 // macro
}

// Scores computes them; all NaN without any row.
func (c *Confusion) Scores() Scores {
	var total, right, occurring, named int
	var s Scores
	for k := range c.K {
		hit, actual, predicted := c.N[k*c.K+k], 0, 0
		for j := range c.K {
			actual += c.N[k*c.K+j]
			predicted += c.N[j*c.K+k]
		}
		total += actual
		right += hit
		if actual > 0 {
			occurring++
			s.BalancedAccuracy += ratio(hit, actual)
		}
		if actual+predicted > 0 {
			named++
			s.Precision += ratio(hit, predicted)
			s.Recall += ratio(hit, actual)
			s.F1 += ratio(2*hit, actual+predicted)
		}
	}
	if total == 0 {
		nan := math.NaN()
		return Scores{nan, nan, nan, nan, nan}
	}
	s.Accuracy = ratio(right, total)
	s.BalancedAccuracy /= float64(occurring)
	s.Precision /= float64(named)
	s.Recall /= float64(named)
	s.F1 /= float64(named)
	return s
}

// ratio is a/b, 0 when b is 0.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}
