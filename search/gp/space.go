package gp

import (
	"math"
	"slices"
)

// Dim is one coordinate of the space.
type Dim struct {
	// Choices of a categorical coordinate, whose values are 0, 1, ...; 0 for a coordinate in [0, 1].
	Choices int
	// Levels are, for a coordinate in [0, 1] that has finitely many values, those values, rising; nil for a continuum. One level
	// is a constant, which the model leaves out.
	Levels []float64
	// Conditional coordinates may be absent, which is NaN.
	Conditional bool
}

func (d Dim) fixed() bool   { return d.Choices == 1 || len(d.Levels) == 1 }
func (d Dim) numeric() bool { return d.Choices == 0 && !d.fixed() }

// count is how many values the coordinate has, 0 for a continuum.
func (d Dim) count() int { return max(d.Choices, len(d.Levels)) }

// value is the one at share u of the coordinate, in [0, 1).
func (d Dim) value(u float64) float64 {
	switch {
	case d.Choices > 0:
		return math.Floor(u * float64(d.Choices))
	case d.Levels != nil:
		return d.Levels[min(int(u*float64(len(d.Levels))), len(d.Levels)-1)]
	}
	return u
}

// nearest is the position of the level nearest to x.
func (d Dim) nearest(x float64) int {
	i, _ := slices.BinarySearch(d.Levels, x)
	if i == len(d.Levels) || i > 0 && x-d.Levels[i-1] <= d.Levels[i]-x {
		i--
	}
	return i
}

// Space is the coordinates and which of them exist. Active reports whether coordinate d does, given the coordinates before it;
// nil means that all do. Feasible reports whether a point may be proposed; nil means that all may.
type Space struct {
	Dims     []Dim
	Active   func(x []float64, d int) bool
	Feasible func(x []float64) bool
}

func (s *Space) active(x []float64, d int) bool {
	return !s.Dims[d].Conditional || s.Active == nil || s.Active(x, d)
}

// free is how many coordinates the model sees.
func (s *Space) free() int {
	n := 0
	for _, d := range s.Dims {
		if !d.fixed() {
			n++
		}
	}
	return n
}

// place makes the point of u (d), each in [0, 1): absent coordinates become NaN, the others take the value at their share.
func (s *Space) place(u []float64) []float64 {
	x := make([]float64, len(u))
	for d, dim := range s.Dims {
		x[d] = math.NaN()
		if s.active(x, d) {
			x[d] = dim.value(u[d])
		}
	}
	return x
}

// settle makes x a point of the space after some coordinate changed: what must be absent becomes NaN, and what must exist but
// does not is taken from the donor, or from the middle where that lacks it too.
func (s *Space) settle(x, donor []float64) {
	for d, dim := range s.Dims {
		switch {
		case !s.active(x, d):
			x[d] = math.NaN()
		case math.IsNaN(x[d]) && donor != nil && !math.IsNaN(donor[d]):
			x[d] = donor[d]
		case math.IsNaN(x[d]):
			x[d] = dim.value(0.5)
		}
	}
}
