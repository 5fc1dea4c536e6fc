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

// spans returns a function that divides a part of a tensor into those elements, from lo up to hi, that move, and those that
// shrink at most. Of a table, the rows that no gradient has ever reached have moments of zero: a step would only shrink their
// weights. So that is all that is done to them, which gives the bits that a step over the whole table gives.
func (s *slot) spans(move, shrink func(lo, hi int)) func(lo, hi int) {
	rows, width := s.tensor.Rows, s.tensor.Width
	if rows == nil {
		return move
	}
	for _, r := range *rows {
		s.reached[r] = true
	}
	return func(lo, hi int) {
		for from, end := lo/width, hi/width; from < end; {
			to := from + 1
			for to < end && s.reached[to] == s.reached[from] {
				to++
			}
			if s.reached[from] {
				move(from*width, to*width)
			} else {
				shrink(from*width, to*width)
			}
			from = to
		}
	}
}

// shrink multiplies weights by 1 - amount.
func shrink(w []float32, amount float64) {
	if amount > 0 {
		blas.ScaleShift(1, 1, len(w), w, []float32{float32(1 - amount)}, []float32{0}, false, w)
	}
}

// squares is the sum of the squares of the gradient from lo up to hi, of a table whole rows.
func (t *Tensor) squares(lo, hi int) float64 {
	if t.Rows == nil {
		return blas.SumSquares(t.Grad[lo:hi])
	}
	sum := 0.0
	first, _ := slices.BinarySearch(*t.Rows, int32(lo/t.Width))
	for _, r := range (*t.Rows)[first:] {
		at := int(r) * t.Width
		if at >= hi {
			break
		}
		sum += blas.SumSquares(t.Grad[at : at+t.Width])
	}
	return sum
}
