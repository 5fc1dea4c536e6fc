package pareto

import (
	"cmp"
	"math"
	"slices"
)

// Hypervolume is the volume that the points dominate, up to the reference point (m). Points that are not better than the
// reference in every objective add nothing. Two objectives are swept; more are taken apart by the algorithm of While, Bradstreet
// and Barone 2012 ("A fast way of calculating exact hypervolumes"): the volume of each point less what those after it cover.
func Hypervolume(y [][]float64, reference []float64) float64 {
	return volume(nondominated(inside(y, reference)), reference)
}

// inside is the points that are better than the reference in every objective.
func inside(y [][]float64, reference []float64) [][]float64 {
	var out [][]float64
	for _, p := range y {
		if Finite(p) && below(p, reference) {
			out = append(out, p)
		}
	}
	return out
}

func below(p, reference []float64) bool {
	for j, v := range p {
		if !(v < reference[j]) {
			return false
		}
	}
	return true
}

// nondominated is the first front, each point once, by the first objective.
func nondominated(y [][]float64) [][]float64 {
	var out [][]float64
	for _, i := range Front(y) {
		out = append(out, y[i])
	}
	slices.SortFunc(out, slices.Compare)
	return slices.CompactFunc(out, slices.Equal)
}

// volume is that of a first front in the order of its values.
func volume(y [][]float64, reference []float64) float64 {
	sum := 0.0
	switch len(reference) {
	case 1:
		if len(y) > 0 {
			sum = reference[0] - y[0][0]
		}
	case 2:
		height := reference[1]
		for _, p := range y {
			sum += (reference[0] - p[0]) * (height - p[1])
			height = p[1]
		}
	default:
		for i, p := range y {
			sum += box(p, reference) - volume(nondominated(limited(y[i+1:], p)), reference)
		}
	}
	return sum
}

func box(p, reference []float64) float64 {
	v := 1.0
	for j := range p {
		v *= reference[j] - p[j]
	}
	return v
}

// limited is the points moved up to where they dominate only what p dominates.
func limited(y [][]float64, p []float64) [][]float64 {
	out := make([][]float64, len(y))
	for i, q := range y {
		out[i] = make([]float64, len(q))
		for j := range q {
			out[i][j] = max(q[j], p[j])
		}
	}
	return out
}

// Box is the points z with Low < z <= High in every objective; Low may be -Inf.
type Box struct{ Low, High []float64 }

// Boxes cuts what the points do not dominate, and what lies below the reference point (m), into disjoint boxes. A new point z
// adds to the hypervolume, in each box, the product over the objectives of High - max(z, Low), where that is positive. Slab by
// slab of the last objective: n+1 boxes for two objectives, up to about n^2/2 for three.
func Boxes(y [][]float64, reference []float64) []Box {
	return boxes(nondominated(inside(y, reference)), reference)
}

func boxes(y [][]float64, reference []float64) []Box {
	last := len(reference) - 1
	if last == 0 {
		high := reference[0]
		if len(y) > 0 {
			high = y[0][0]
		}
		return []Box{{[]float64{math.Inf(-1)}, []float64{high}}}
	}
	rising := slices.Clone(y)
	slices.SortStableFunc(rising, func(a, b []float64) int { return cmp.Compare(a[last], b[last]) })
	var out []Box
	var flat [][]float64 // without the last objective: what dominates something in the slab
	low := math.Inf(-1)
	for i := 0; i <= len(rising); i++ {
		high := reference[last]
		if i < len(rising) {
			high = rising[i][last]
		}
		if low < high {
			flat = nondominated(flat)
			for _, b := range boxes(flat, reference[:last]) {
				out = append(out, Box{append(b.Low, low), append(b.High, high)})
			}
			low = high
		}
		if i < len(rising) {
			flat = append(flat, rising[i][:last])
		}
	}
	return out
}
