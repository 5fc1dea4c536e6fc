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

// counts are those of the classes that occur or that some row was taken for.
func (c *Confusion) counts() []count {
	var out []count
	for k := range c.K {
		one := count{hit: c.N[k*c.K+k]}
		for j := range c.K {
			one.actual += c.N[k*c.K+j]
			one.predicted += c.N[j*c.K+k]
		}
		if one.actual+one.predicted > 0 {
			out = append(out, one)
		}
	}
	return out
}

// accuracy is the share of rows on the diagonal.
func (c *Confusion) accuracy() float64 { return micro(c.counts(), count.recall) }

// balanced is the mean recall of the classes that occur.
func (c *Confusion) balanced() float64 {
	sum, n := 0.0, 0
	for _, one := range c.counts() {
		if one.actual > 0 {
			sum += one.recall()
			n++
		}
	}
	return sum / float64(n)
}

// mcc is the correlation coefficient of Matthews for any number of classes (Gorodkin 2004, R_K), 0 where it has no denominator.
func (c *Confusion) mcc() float64 {
	var rows, hits, cross, actual2, predicted2 float64
	for _, one := range c.counts() {
		a, p := float64(one.actual), float64(one.predicted)
		rows += a
		hits += float64(one.hit)
		cross += a * p
		actual2 += a * a
		predicted2 += p * p
	}
	below := math.Sqrt((rows*rows - predicted2) * (rows*rows - actual2))
	if below == 0 {
		return 0
	}
	return (hits*rows - cross) / below
}
