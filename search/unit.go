package search

import "math"

// fromUnit is the value at a point of [0, 1]: the i-th of n values owns the i-th of n equal cells, and the whole numbers of a
// logarithmic int own cells half a unit to either side, in the logarithm.
func (p Parameter) fromUnit(u float64) any {
	if n := p.count(); n > 0 && !p.Log || n == 1 {
		return p.at(min(int(u*float64(n)), n-1))
	}
	low, high := p.span()
	x := low + u*(high-low)
	if p.Log {
		x = math.Exp(x)
	}
	if p.Kind == Int {
		x = math.Round(x)
	}
	x = min(max(x, p.Low), p.High) // the logarithm may overstep by a rounding error
	if p.Kind == Int {
		return int64(x)
	}
	return x
}

// toUnit is the point of [0, 1] that stands for a value Normalize returned: the middle of its cell, where it has one.
func (p Parameter) toUnit(v any) float64 {
	n := p.count()
	if n == 1 {
		return 0.5
	}
	if n > 0 && !p.Log {
		return (float64(p.position(v)) + 0.5) / float64(n)
	}
	x, _ := number(v)
	low, high := p.span()
	if p.Log {
		x = math.Log(x)
	}
	return min(max((x-low)/(high-low), 0), 1)
}

// cell is the part of [0, 1] that belongs to the value at u; of a continuum, u alone.
func (p Parameter) cell(u float64) (low, high float64) {
	n := p.count()
	if n == 0 {
		return u, u
	}
	if !p.Log {
		i := min(math.Floor(u*float64(n)), float64(n-1))
		return i / float64(n), (i + 1) / float64(n)
	}
	x, _ := number(p.fromUnit(u))
	from, to := p.span()
	return max((math.Log(x-0.5)-from)/(to-from), 0), min((math.Log(x+0.5)-from)/(to-from), 1)
}

// span is what [0, 1] is stretched to, in the logarithm where the parameter is logarithmic.
func (p Parameter) span() (low, high float64) {
	low, high = p.Low, p.High
	if p.Kind == Int {
		low, high = low-0.5, high+0.5
	}
	if p.Log {
		low, high = math.Log(low), math.Log(high)
	}
	return low, high
}
