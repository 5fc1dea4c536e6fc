package optim

import (
	"math"

	"automl/runner/finetune/blas"
)

// The constants of Adafactor (Shazeer & Stern 2018, section 9).
const (
	squareFloor = 1e-30 // epsilon 1, added to squared gradients
	weightFloor = 1e-3  // epsilon 2, the least root mean square of a weight that a scaled rate follows
	moveLimit   = 1.0   // d, most that the root mean square of a move in units of the rate may be
	decayPower  = 0.8   // c, the second moment of step t decays by 1 - t^-c
)

// adafactor remembers of a matrix the running means of the squared gradient over its rows and columns (algorithm 4), of a
// vector that of each value (algorithm 5). There is no first moment. A kernel of more dimensions is a matrix of one row an
// output channel.
type adafactor struct{ Config }

// matrix returns the size of a tensor that is factored.
func matrix(t Tensor) (rows, cols int, ok bool) {
	if len(t.Shape) < 2 {
		return 0, 0, false
	}
	return t.Shape[0], len(t.Data) / t.Shape[0], true
}

func (adafactor) moments(t Tensor) []int {
	if rows, cols, ok := matrix(t); ok {
		return []int{rows, cols}
	}
	return []int{len(t.Data)}
}

func (c adafactor) step(s *slot, rate, decay, scale float64) func(lo, hi int) {
	if c.ScaleParameter {
		rate *= max(weightFloor, rms(blas.SumSquares(s.tensor.Data), len(s.tensor.Data)))
	}
	old := 1 - math.Pow(float64(s.steps), -decayPower)
	if rows, cols, ok := matrix(s.tensor); ok {
		factored(s, rows, cols, old, rate, decay, scale)
	} else {
		unfactored(s, old, rate, decay, scale)
	}
	return nil
}

// factored moves a matrix. The second moment of element (r, c) is row[r] * col[c] / mean of row (equation 4 with means for
// sums, which cancel).
func factored(s *slot, rows, cols int, old, rate, decay, scale float64) {
	t, row, col := s.tensor, s.moments[0], s.moments[1]
	sums := make([]float64, rows+cols)
	blas.SquareSums(rows, cols, t.Grad, sums[:rows], sums[rows:])
	follow(row, sums[:rows], old, scale*scale/float64(cols))
	follow(col, sums[rows:], old, scale*scale/float64(rows))
	mean := 0.0
	for _, v := range row {
		mean += float64(v) / float64(rows)
	}
	inverse := make([]float32, rows+cols)
	for i, v := range row {
		inverse[i] = float32(math.Sqrt(mean / float64(v)))
	}
	for i, v := range col {
		inverse[rows+i] = float32(1 / math.Sqrt(float64(v)))
	}
	norm := blas.OuterNorm(rows, cols, t.Grad, inverse[:rows], inverse[rows:])
	clip := max(1, scale*rms(norm, len(t.Data))/moveLimit)
	blas.OuterMove(rows, cols, 1-rate*decay, scale*rate/clip, t.Grad, inverse[:rows], inverse[rows:], t.Data)
}

// follow moves running means towards sums times share.
func follow(mean []float32, sums []float64, old, share float64) {
	for i, sum := range sums {
		mean[i] = float32(old*float64(mean[i]) + (1-old)*(sum*share+squareFloor))
	}
}

// unfactored moves a vector, which is short.
func unfactored(s *slot, old, rate, decay, scale float64) {
	t, v := s.tensor, s.moments[0]
	norm := 0.0
	for i, g := range t.Grad {
		square := float64(g) * float64(g) * scale * scale
		v[i] = float32(old*float64(v[i]) + (1-old)*(square+squareFloor))
		norm += square / float64(v[i])
	}
	move := scale * rate / max(1, rms(norm, len(v))/moveLimit)
	for i, g := range t.Grad {
		t.Data[i] = float32((1-rate*decay)*float64(t.Data[i]) - move*float64(g)/math.Sqrt(float64(v[i])))
	}
}

// rms is the root of the mean of n squares.
func rms(squares float64, n int) float64 { return math.Sqrt(squares / float64(n)) }
