package pareto

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// Dominates reports whether a is nowhere worse than b and somewhere better. Both are finite.
func Dominates(a, b []float64) bool {
	better := false
	for j := range a {
		if a[j] > b[j] {
			return false
		}
		better = better || a[j] < b[j]
	}
	return better
}

// Finite reports whether all values of a point are finite.
func Finite(y []float64) bool {
	for _, v := range y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

// Front is the positions, rising, of the points that no other one dominates; those that are not finite are never among them.
func Front(y [][]float64) []int {
	var out []int
	for i, f := range Fronts(y) {
		if f == 0 && Finite(y[i]) {
			out = append(out, i)
		}
	}
	return out
}

// Fronts is the number of each point's front, from 0: the points that nothing dominates, those that nothing else dominates once
// these are taken away, and so on (Deb et al. 2002, section III.A). Points that are not finite come last of all. It is the
// efficient non-dominated sort of Zhang et al. 2015: in the order of their values a point can only be dominated by one before
// it, so its front is found by bisection; O(n log n) for two objectives.
func Fronts(y [][]float64) []int {
	out := make([]int, len(y))
	var fronts [][]int
	var rest []int
	for _, i := range lexical(y) {
		if !Finite(y[i]) {
			rest = append(rest, i)
			continue
		}
		k := sort.Search(len(fronts), func(k int) bool { return !dominated(y, fronts[k], i) })
		if k == len(fronts) {
			fronts = append(fronts, nil)
		}
		fronts[k] = append(fronts[k], i)
		out[i] = k
	}
	for _, i := range rest {
		out[i] = len(fronts)
	}
	return out
}

// dominated reports whether a member of a front dominates point i, which comes after all of them in the order of the values.
// Of two objectives the last member alone has to be asked: it has the lowest second value.
func dominated(y [][]float64, front []int, i int) bool {
	if len(y[i]) == 2 {
		front = front[len(front)-1:]
	}
	for k := len(front) - 1; k >= 0; k-- {
		if Dominates(y[front[k]], y[i]) {
			return true
		}
	}
	return false
}

// lexical is the positions in the order of the first values, then the second ones, and so on.
func lexical(y [][]float64) []int {
	order := positions(len(y))
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(slices.Compare(y[a], y[b]), cmp.Compare(a, b)) })
	return order
}

func positions(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

// Crowding is, for each point of a front, the sum over the objectives of the distance between its two neighbours, in units of
// the front's range; infinite at the ends (Deb et al. 2002, section III.B).
func Crowding(y [][]float64) []float64 {
	out := make([]float64, len(y))
	if len(y) == 0 {
		return out
	}
	order := lexical(y)
	for j := range y[0] {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(y[a][j], y[b][j]) })
		first, last := order[0], order[len(order)-1]
		out[first], out[last] = math.Inf(1), math.Inf(1)
		width := y[last][j] - y[first][j]
		for k := 1; k < len(order)-1 && width > 0; k++ {
			out[order[k]] += (y[order[k+1]][j] - y[order[k-1]][j]) / width
		}
	}
	return out
}

// Compromise is, for each point of a front, the distance to the ideal point, which has the best value of every objective, each
// objective scaled to [0, 1] over the front (Zeleny 1973).
func Compromise(y [][]float64) []float64 {
	out := make([]float64, len(y))
	if len(y) == 0 {
		return out
	}
	for j := range y[0] {
		low, high := math.Inf(1), math.Inf(-1)
		for _, p := range y {
			low, high = min(low, p[j]), max(high, p[j])
		}
		for i, p := range y {
			if high > low {
				d := (p[j]/2 - low/2) / (high/2 - low/2) // halves: the range may be wider than a float64
				out[i] += d * d
			}
		}
	}
	for i, d := range out {
		out[i] = math.Sqrt(d)
	}
	return out
}

// ByCrowding is the positions best first: by front, and within a front those with more room around them first. Equals keep
// their order.
func ByCrowding(y [][]float64) []int {
	return order(y, func(front [][]float64) []float64 {
		room := Crowding(front)
		for i := range room {
			room[i] = -room[i]
		}
		return room
	})
}

// ByCompromise is the positions best first: by front, and within a front those nearest to its ideal point first, of equally near
// ones the better in the first objective. Equals keep their order.
func ByCompromise(y [][]float64) []int { return order(y, Compromise) }

// order sorts by front, then by a key of the front's points, rising, then by the first objective.
func order(y [][]float64, keyOf func([][]float64) []float64) []int {
	number := Fronts(y)
	key := make([]float64, len(y))
	members := make([][]int, len(y)+1)
	for i, f := range number {
		members[f] = append(members[f], i)
	}
	for _, at := range members {
		front := make([][]float64, len(at))
		for k, i := range at {
			front[k] = y[i]
		}
		if len(at) == 0 || !Finite(front[0]) {
			continue
		}
		for k, v := range keyOf(front) {
			key[at[k]] = v
		}
	}
	out := positions(len(y))
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(number[a], number[b]), cmp.Compare(key[a], key[b]), cmp.Compare(y[a][0], y[b][0]))
	})
	return out
}
