package gp

import (
	"cmp"
	"slices"
)

// byValue is the positions of y from the lowest on; equal ones keep their order.
func byValue(y []float64) []int {
	order := make([]int, len(y))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[a], y[b]) })
	return order
}

// representatives are m of the positions of y: the lowest half, and the rest at even ranks among the others.
func representatives(y []float64, m int) []int {
	order := byValue(y)
	if len(order) <= m {
		return order
	}
	out := append([]int(nil), order[:m/2]...)
	rest := order[m/2:]
	for i := range m - m/2 {
		out = append(out, rest[(2*i+1)*len(rest)/(2*(m-m/2))])
	}
	return out
}
