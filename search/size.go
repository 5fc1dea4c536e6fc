package search

import "math"

// Size is how many configurations a finite space has: its candidates, or else all there can be, each freeze schedule as often as
// it can be written; false when a parameter is continuous, or there are more than a 64-bit integer holds or can be counted.
func (s Space) Size() (int, bool) {
	l := newLayout(s)
	if s.Candidates != nil {
		return len(newPool(s, l).params), true
	}
	if !l.finite() {
		return 0, false
	}
	if len(l.rules) > 0 {
		return l.count()
	}
	visits := 0
	n, ok := l.size(make([]any, len(l.parameters)), l.parents(), 0, &visits)
	return n, ok
}

// finite reports whether no parameter is continuous.
func (l *layout) finite() bool {
	for _, p := range l.parameters {
		if p.count() == 0 {
			return false
		}
	}
	return true
}

// maxVisits bounds the work of counting the combinations of parents.
const maxVisits = 1 << 20

// parents reports of each parameter whether others depend on it.
func (l *layout) parents() []bool {
	out := make([]bool, len(l.parameters))
	for _, links := range l.when {
		for _, k := range links {
			out[k.parent] = true
		}
	}
	return out
}

// size counts the configurations of the parameters from depth on: one by one for parents, by multiplying for all others.
func (l *layout) size(values []any, parent []bool, depth int, visits *int) (int, bool) {
	factor := 1
	for ; depth < len(l.order); depth++ {
		i := l.order[depth]
		if !l.active(values, i) {
			values[i] = nil
			continue
		}
		if parent[i] {
			n, ok := l.sizeBelow(values, parent, depth, visits)
			return product(factor, n, ok)
		}
		n, ok := product(factor, l.parameters[i].count(), true)
		if !ok {
			return 0, false
		}
		factor = n
	}
	return factor, true
}

// sizeBelow adds up the sizes under each value of a parent.
func (l *layout) sizeBelow(values []any, parent []bool, depth int, visits *int) (int, bool) {
	i := l.order[depth]
	sum := 0
	for k := range l.parameters[i].count() {
		if *visits++; *visits > maxVisits {
			return 0, false
		}
		values[i] = l.parameters[i].at(k)
		n, ok := l.size(values, parent, depth+1, visits)
		if !ok || sum > math.MaxInt-n {
			return 0, false
		}
		sum += n
	}
	values[i] = nil
	return sum, true
}

func product(a, b int, ok bool) (int, bool) {
	if !ok || b > 0 && a > math.MaxInt/b {
		return 0, false
	}
	return a * b, true
}
