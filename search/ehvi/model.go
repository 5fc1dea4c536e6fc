package ehvi

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"automl/search/gp"
	"automl/trial/pareto"
)

// Observations are what is known, in the order of the results.
type Observations struct {
	X       [][]float64 // (n x d), NaN where a coordinate is absent
	Y       [][]float64 // (n x m), to be minimized; nil: the trial failed
	Noise   [][]float64 // (n x m), variance of each output, or nil
	Pending [][]float64 // (p x d), points whose outputs are still to come
	Caches  []*gp.Cache // (m), of the objectives' models
	Space   *gp.Space
}

// Model is what a proposal is made from.
type Model struct {
	space       *gp.Space
	objectives  []*gp.Model // the first one knows of failures too
	improvement *Improvement
	elite       [][]float64 // the observed points of the front
	known       [][]float64 // all points, pending ones included
	successes   int
}

// most is how many points of the front are told apart, by the number of objectives: beyond that there are too many boxes. Those
// left out are the crowded ones.
var most = map[int]int{1: 1, 2: 200, 3: 60, 4: 24}

// NewModel fits a model to each objective. The front, the reference point and the outcomes that pending points are taken to
// have, their means, are in the units of the models: warped, standardized, without the noise.
func NewModel(o Observations) *Model {
	m := &Model{space: o.Space, known: append(o.X[:len(o.X):len(o.X)], o.Pending...)}
	var x [][]float64
	for i, y := range o.Y {
		if y != nil {
			x = append(x, o.X[i])
		}
	}
	m.successes = len(x)
	outcomes := make([][]float64, len(x)+len(o.Pending))
	for j, cache := range o.Caches {
		model := gp.NewModel(o.Space, o.objective(j), gp.Options{}, cache)
		m.objectives = append(m.objectives, model)
		mean, _ := model.Predict(append(x[:len(x):len(x)], o.Pending...))
		for i, v := range mean {
			outcomes[i] = append(outcomes[i], v)
		}
	}
	if len(x) == 0 {
		return m
	}
	m.setFront(x, outcomes)
	return m
}

// objective is what the model of objective j is fitted to. Only the first is told of the failures: one model of them is enough.
func (o Observations) objective(j int) gp.Observations {
	out := gp.Observations{Pending: o.Pending}
	for i, y := range o.Y {
		switch {
		case y != nil:
			out.X, out.Y = append(out.X, o.X[i]), append(out.Y, y[j])
		case j == 0:
			out.X, out.Y = append(out.X, o.X[i]), append(out.Y, math.NaN())
		default:
			continue
		}
		if o.Noise != nil {
			noise := 0.0
			if y != nil {
				noise = o.Noise[i][j]
			}
			out.Noise = append(out.Noise, noise)
		}
	}
	return out
}

// setFront takes the front of the outcomes, those of the observed points x coming first, and its reference point.
func (m *Model) setFront(x, outcomes [][]float64) {
	for _, i := range pareto.Front(outcomes[:len(x)]) {
		m.elite = append(m.elite, x[i])
	}
	front := pick(outcomes, pareto.Front(outcomes))
	reference := referenceOf(outcomes)
	if n := most[len(reference)]; len(front) > n {
		front = pick(front, pareto.ByCrowding(front)[:n])
	}
	m.improvement = New(front, reference)
}

// Of the reference point, as shares of the range of all outcomes in an objective.
const (
	grain  = 0.1  // outcomes that differ by less are the same to it
	margin = 0.15 // how far it lies beyond the front
)

// referenceOf is the worst outcome of each objective on the front, made worse by a margin (Ishibuchi et al. 2018 on why it is
// needed). The range of all outcomes gives the margin its size: that of the front would be 0 for a front of one point, which then
// never grows (ZDT2). Outcomes are rounded before the front is taken: otherwise it has ends where much is lost in one objective
// for next to nothing in another, the reference point lies beyond them, and the search spends itself there (DTLZ2). On ZDT1,
// ZDT2, DTLZ2 and a mixed space, these two shares led to the largest hypervolumes on the whole.
func referenceOf(outcomes [][]float64) []float64 {
	m := len(outcomes[0])
	width, reference := make([]float64, m), make([]float64, m)
	for j := range width {
		low, high := outcomes[0][j], outcomes[0][j]
		for _, y := range outcomes {
			low, high = min(low, y[j]), max(high, y[j])
		}
		width[j] = max(high-low, 1e-3) // in standard deviations
		reference[j] = low
	}
	rounded := make([][]float64, len(outcomes))
	for i, y := range outcomes {
		for j, v := range y {
			rounded[i] = append(rounded[i], math.Floor(v/(grain*width[j])))
		}
	}
	for _, i := range pareto.Front(rounded) {
		for j, v := range outcomes[i] {
			reference[j] = max(reference[j], v)
		}
	}
	for j := range reference {
		reference[j] += margin * width[j]
	}
	return reference
}

// Values are the acquisition at points (q x d): the logarithm of the expected improvement times the probability of success.
func (m *Model) Values(x [][]float64) []float64 {
	out := make([]float64, len(x))
	if m.improvement != nil {
		mean, sd := make([][]float64, len(m.objectives)), make([][]float64, len(m.objectives))
		for j, g := range m.objectives {
			mean[j], sd[j] = g.Predict(x)
		}
		at, by := make([]float64, len(mean)), make([]float64, len(mean))
		for i := range out {
			for j := range mean {
				at[j], by[j] = mean[j][i], math.Sqrt(sd[j][i])
			}
			out[i] = m.improvement.Log(at, by)
		}
	}
	for i, v := range m.objectives[0].LogSuccess(x) {
		out[i] += v
	}
	return out
}

// Rank is the positions of the points, best first; equals keep their order.
func (m *Model) Rank(x [][]float64) []int {
	values := m.Values(x)
	order := make([]int, len(x))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	return order
}

// Efforts of the search for the highest acquisition.
const (
	climbs = 6  // candidates that are improved
	steps  = 24 // points tried near each of them, in a round
)

// rounds are the widths of the steps: each round takes the best point near the last one.
var rounds = [...]float64{0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001}

// Propose is at most n points, best first, none of them observed or pending unless nothing else was found.
func (m *Model) Propose(n int, source *rand.Rand) [][]float64 {
	explorer := gp.NewExplorer(m.space, m.elite)
	global := 256 + 32*min(len(m.space.Dims), 16)
	if m.successes > 100 {
		global = max(global*100/m.successes, 256)
	}
	found := m.distinct(explorer.Candidates(global, global/2, source))
	found = pick(found, m.Rank(found)[:min(len(found), max(n, climbs))])
	found = m.distinct(append(found, m.climb(explorer, found[:min(climbs, len(found))], source)...))
	return pick(found, m.Rank(found)[:min(n, len(found))])
}

// climb improves points, all of them round by round.
func (m *Model) climb(explorer *gp.Explorer, from [][]float64, source *rand.Rand) [][]float64 {
	best := slices.Clone(from)
	for _, width := range rounds {
		var tried [][]float64
		for _, x := range best {
			tried = append(tried, x)
			for range steps {
				tried = append(tried, explorer.Near(x, width, source))
			}
		}
		values := m.Values(tried)
		for i := range best {
			at := i * (1 + steps)
			for k := at + 1; k <= at+steps; k++ {
				if values[k] > values[at] {
					best[i], values[at] = tried[k], values[k]
				}
			}
		}
	}
	return best
}

// distinct is the points that are neither known nor stand before; where there are none, all of them.
func (m *Model) distinct(x [][]float64) [][]float64 {
	var fresh [][]float64
	for _, p := range x {
		same := func(q []float64) bool { return gp.Same(p, q) }
		if !slices.ContainsFunc(m.known, same) && !slices.ContainsFunc(fresh, same) {
			fresh = append(fresh, p)
		}
	}
	if len(fresh) == 0 {
		return x
	}
	return fresh
}

func pick(x [][]float64, positions []int) [][]float64 {
	out := make([][]float64, len(positions))
	for i, p := range positions {
		out[i] = x[p]
	}
	return out
}
