package optim

import (
	"slices"

	"automl/runner/finetune/blas"
)

// reach finds the rows of a table whose moments differ from zero.
func (s *slot) reach() {
	if s.tensor.Rows == nil {
		s.reached = nil
	}
	if s.tensor.Rows == nil || s.reached != nil {
		return
	}
	width := s.tensor.Width
	s.reached = make([]bool, len(s.tensor.Data)/width)
	if s.steps == 0 {
		return
	}
	for r := range s.reached {
		s.reached[r] = slices.ContainsFunc(s.moments, func(m []float32) bool {
			return len(m) < len(s.tensor.Data) || slices.ContainsFunc(m[r*width:(r+1)*width], func(v float32) bool { return v != 0 })
		})
	}
}

// spans divides a tensor into those elements, from lo up to hi, that move, and those that shrink at most. Of a table, the rows
// that no gradient has ever reached have moments of zero: a step would only shrink their weights. So that is all that is done to
// them, which gives the bits that a step over the whole table gives.
func (s *slot) spans(move, shrink func(lo, hi int)) {
	t := &s.tensor
	if t.Rows == nil {
		move(0, len(t.Data))
		return
	}
	for _, r := range *t.Rows {
		s.reached[r] = true
	}
	for from := 0; from < len(s.reached); {
		to := from + 1
		for to < len(s.reached) && s.reached[to] == s.reached[from] {
			to++
		}
		if s.reached[from] {
			move(from*t.Width, to*t.Width)
		} else {
			shrink(from*t.Width, to*t.Width)
		}
		from = to
	}
}

// shrink multiplies weights by 1 - amount.
func shrink(w []float32, amount float64) {
	if amount > 0 {
		blas.ScaleShift(1, 1, len(w), w, []float32{float32(1 - amount)}, []float32{0}, false, w)
	}
}

// squares is the sum of the squares of the gradient.
func (t *Tensor) squares() float64 {
	if t.Rows == nil {
		return blas.SumSquares(t.Grad)
	}
	sum := 0.0
	for _, r := range *t.Rows {
		sum += blas.SumSquares(t.Grad[int(r)*t.Width:][:t.Width])
	}
	return sum
}
