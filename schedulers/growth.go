package schedulers

import (
	"fmt"
	"math"
	"slices"

	"automl/trial"
)

const pashaType = "pasha"

// DefaultPercentile is the percentile of the noise up to which pasha takes values for alike.
const DefaultPercentile = 90

// growth is what pasha adds to a bracket (Bohdal et al. 2023, "PASHA: Efficient HPO and NAS with Progressive Resource Allocation",
// arXiv:2207.06940): it begins with two rungs in use, and takes the next one into use when the top two rank the trials of the upper
// one differently. Two trials that lie within epsilon of each other on the lower rung are alike there and may change places.
//
// Epsilon is measured: two curves that cross and cross back differ by noise alone, and the percentile of how far such
// pairs are apart on the upper rung is epsilon. Before there is such a pair it is 0. Ours: the pairs are those of the best trials of
// the rung, so that it stays cheap, and the curves are those of what the rungs compare, the best value so far.
type growth struct {
	top        int // index of the highest rung in use
	percentile float64
	epsilon    float64
	reasons    []string // by rung in use, why the one above is
}

// pairs is how many of the best trials of a rung are held against each other.
const pairs = 64

func newPASHA(c Config, s *trial.State) *halving {
	h := newASHA(c, s)
	b := h.brackets[0]
	b.growth = &growth{top: min(1, len(b.rungs)-1), percentile: c.Percentile, reasons: make([]string, len(b.rungs))}
	b.refresh()
	h.plan.AtMost = b.top() < len(b.rungs)-1
	return h
}

// top is the index of the highest rung in use.
func (b *bracket) top() int {
	if b.growth == nil {
		return len(b.rungs) - 1
	}
	return b.growth.top
}

// grow takes the next rung into use if it is needed.
func (b *bracket) grow(of func(number int) *standing) bool {
	top := b.top()
	if top == len(b.rungs)-1 || !b.rungs[top].changed {
		return false
	}
	g, upper := b.growth, b.rungs[top].board
	b.rungs[top].changed = false
	g.measure(upper, func(e *entry) []float64 { return of(e.number).curve(b.rungs[top].at) })
	lower := make(ranking, len(upper))
	for i, e := range upper {
		lower[i] = of(e.number).entries[top-1]
	}
	slices.SortFunc(lower, compare)
	for i, e := range upper {
		if d := math.Abs(of(e.number).entries[top-1].key - lower[i].key); d > g.epsilon {
			g.reasons[top] = fmt.Sprintf("since rung %d has trial %d in place %d, where rung %d had trial %d: %s apart, noise %s",
				b.number+top, e.number, i+1, b.number+top-1, lower[i].number, show(d), show(g.epsilon))
			g.top++
			return true
		}
	}
	return false
}

// measure estimates epsilon anew from the trials on the highest rung, if some pair of them tells how noisy they are.
func (g *growth) measure(board ranking, curve func(*entry) []float64) {
	board = board[:min(len(board), pairs)]
	for _, e := range board {
		if e.curve == nil {
			e.curve = curve(e)
		}
	}
	var apart []float64
	for i, a := range board {
		for _, b := range board[:i] {
			if crossBack(a.curve, b.curve) {
				apart = append(apart, math.Abs(a.key-b.key))
			}
		}
	}
	if len(apart) > 0 {
		g.epsilon = percentile(apart, g.percentile)
	}
}

// crossBack tells whether, of two curves of one length, one is better, then worse, then better again. Where one has no value yet
// they are not compared.
func crossBack(a, b []float64) bool {
	last, turns := 0, 0
	for i := range a {
		sign := 0
		switch {
		case a[i] < b[i]:
			sign = -1
		case a[i] > b[i]:
			sign = 1
		}
		if sign == 0 {
			continue
		}
		if last != 0 && sign != last {
			if turns++; turns == 2 {
				return true
			}
		}
		last = sign
	}
	return false
}

// percentile is the p-th percentile of v, linear between its elements. It sorts v.
func percentile(v []float64, p float64) float64 {
	slices.Sort(v)
	at := p / 100 * float64(len(v)-1)
	i := min(int(at), len(v)-2)
	if i < 0 {
		return v[0]
	}
	return v[i] + (at-float64(i))*(v[i+1]-v[i])
}

// curve is the losses of a trial on the way to a resource, as the rungs compare them: the best so far at each epoch of the first
// fold and at the end of each further one; NaN before the first finite value.
func (s *standing) curve(to trial.Resource) []float64 {
	study := s.bracket.study
	o := study.Objective
	var out []float64
	best := math.NaN()
	first := s.trial.Curve(o.Metric, 0)
	epochs := study.Shape.Epochs
	if to.Fold == 0 {
		epochs = to.Epoch
	}
	for e := range epochs {
		if e < len(first) && finite(first[e]) && !(best <= o.Loss(first[e])) {
			best = o.Loss(first[e])
		}
		out = append(out, best)
	}
	for f := 1; f <= to.Fold; f++ {
		loss := math.NaN()
		if score, ok := s.trial.ScoreAt(o, study.Shape, trial.Resource{Fold: f, Epoch: study.Shape.Epochs}); ok {
			loss = o.Loss(score.Value)
		}
		out = append(out, loss)
	}
	return out
}

// alike says that the two highest rungs in use agree, for a person.
func (b *bracket) alike() string {
	top := b.number + b.top()
	return fmt.Sprintf("as rungs %d and %d rank alike, noise %s", top-1, top, show(b.growth.epsilon))
}

// why says, for a person, why trials go on from rung k though not all rungs are in use from the start.
func (b *bracket) why(k int) string {
	if b.growth != nil && b.growth.reasons[k] != "" {
		return " (" + b.growth.reasons[k] + ")"
	}
	return b.only(k)
}

// only says, for a person, why only one trial goes on from rung k.
func (b *bracket) only(k int) string {
	if b.growth == nil || k < b.top() || b.rungs[k].held {
		return ""
	}
	return " (only the winner, " + b.alike() + ")"
}
