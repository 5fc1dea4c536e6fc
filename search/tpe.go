package search

import (
	"math"
	"math/rand/v2"

	"automl/search/gp"
	"automl/search/tpe"
	"automl/trial"
)

// TPE is the tree-structured Parzen estimator: it models where good trials lie and where bad ones do, and proposes, of points
// drawn from the first density, the one that the ratio of the two favours most (Bergstra et al. 2011; the joint kernel
// density of BOHB, Falkner et al. 2018; Watanabe 2023, arXiv:2304.11127).
//
// The model is joint over all parameters, so that it knows which values go together, and covers conditional ones: see
// tpe.Mixture. Until enough trials have ended, proposals come from a quasi-random sequence.
type TPE struct {
	config  Config
	history *history
	known   []*source // of results from elsewhere
	costs   costs
	tree    tpe.Tree
}

var _ Sampler = (*TPE)(nil)

// NewTPE makes a TPE sampler for a valid space.
func NewTPE(cfg Config, s Space) *TPE {
	t := &TPE{config: cfg.withDefaults(), history: newHistory(s)}
	t.known = t.history.sources(t.config.Known)
	codec := t.history.codec
	t.costs.space = modelSpace(codec)
	t.tree.Active, t.tree.Feasible = codec.Active, codec.feasible()
	for d, dim := range codec.Dims() {
		e := tpe.Dim{Choices: dim.Choices, Fixed: dim.Values == 1}
		if dim.Choices == 0 && dim.Values > 1 {
			e.Cell = func(x float64) (center, low, high float64) { return codec.Cell(d, x) }
		}
		t.tree.Dims = append(t.tree.Dims, e)
	}
	return t
}

// Sample proposes a configuration that no trial has; ErrExhausted when there is none.
func (t *TPE) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	h := t.history
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sync(s)
	h.score(s)
	known := h.listen(s, t.known)
	if !t.ready() && !informed(known, t.config.Startup) {
		return t.start(s, source)
	}
	good, bad := t.fit(s, known)
	tilt := gp.Sum(h.belief(s), t.costs.tilt(h, s, t.config))
	if h.pool != nil {
		return t.bestCandidate(good, bad, tilt)
	}
	for range maxRounds {
		for _, x := range tpe.Propose(good, bad, t.config.Candidates, tilt, source) {
			if values := h.codec.decode(x); h.fresh(values) {
				return h.layout.params(values), nil
			}
		}
	}
	return t.bestUnseen(good, bad, tilt, source)
}

// maxRounds is how often candidates are drawn before random configurations are taken instead: where the good density only
// reaches configurations that have a trial.
const maxRounds = 4

// ready reports whether enough trials have ended, and at least one has a value to call good.
func (t *TPE) ready() bool {
	return t.history.scored() > 0 && t.history.ended() >= t.config.Startup
}

// ended is how many trials have a value, or failed.
func (h *history) ended() int {
	n := 0
	for i := range h.records {
		if r := &h.records[i]; r.x != nil && (r.scored() || r.trial.Status == trial.Fail) {
			n++
		}
	}
	return n
}

// start proposes the next point of a quasi-random sequence, or a random one where that has a trial already.
func (t *TPE) start(s *trial.State, source *rand.Rand) (trial.Params, error) {
	h := t.history
	if h.pool != nil {
		return h.pool.spread(len(s.Trials), s.Study.Seed)
	}
	values := make([]any, len(h.layout.parameters))
	u := halton(len(s.Trials), len(values), s.Study.Seed)
	if h.layout.fromPriors(len(s.Trials)) {
		h.layout.believed(u)
	}
	h.layout.place(u, values)
	if h.fresh(values) {
		return h.layout.params(values), nil
	}
	return h.any(source)
}

// maxBad is how many bad trials the model looks at, and as many pending ones: beyond that, more of them hardly change the
// density, but each costs time. They are taken evenly over the study.
const maxBad = 300

// fit makes the densities of the good and the bad trials.
func (t *TPE) fit(s *trial.State, known []heard) (good, bad *tpe.Mixture) {
	// Below d + 1 observations a density over d parameters is a guess (Falkner et al. 2018).
	least := len(t.tree.Dims) + 1
	g, b, pending := t.history.split(s, least, t.quantile)
	b = append(thin(b, maxBad), thin(pending, maxBad)...)
	best, rest := newWeighted(t.points(g)), newWeighted(t.points(b))
	learned(known, t.quantile, &best, &rest)
	return tpe.Fit(t.tree, best.points, best.weights), tpe.Fit(t.tree, rest.points, rest.weights)
}

// quantile is how many of n trials are good: Optuna's min(ceil(0.1 n), 25).
func (t *TPE) quantile(n int) int {
	return min(int(math.Ceil(t.config.Gamma*float64(n))), t.config.MaxGood)
}

// thin takes n of the numbers at even distances.
func thin(numbers []int, n int) []int {
	if len(numbers) <= n {
		return numbers
	}
	out := make([]int, n)
	for i := range out {
		out[i] = numbers[i*len(numbers)/n]
	}
	return out
}

func (t *TPE) points(numbers []int) [][]float64 {
	out := make([][]float64, len(numbers))
	for i, n := range numbers {
		out[i] = t.history.records[n].x
	}
	return out
}

// bestUnseen is the best, for the model, of random configurations that no trial has.
func (t *TPE) bestUnseen(good, bad *tpe.Mixture, tilt gp.Tilt, source *rand.Rand) (trial.Params, error) {
	found, err := t.history.unseen(t.config.Candidates, source)
	if err != nil {
		return nil, err
	}
	points := make([][]float64, len(found))
	for i, values := range found {
		if points[i], err = t.history.codec.encode(values); err != nil {
			return nil, err
		}
	}
	tpe.Rank(good, bad, points, tilt)
	return t.history.codec.Decode(points[0]), nil
}

// bestCandidate is the best, for the model, of all candidates that no trial has.
func (t *TPE) bestCandidate(good, bad *tpe.Mixture, tilt gp.Tilt) (trial.Params, error) {
	pool := t.history.pool
	free, err := pool.free()
	if err != nil {
		return nil, err
	}
	points := make([][]float64, len(free))
	for k, i := range free {
		points[k] = pool.x[i]
	}
	return pool.params[free[bestOf(tpe.LogRatios(good, bad, points, tilt))]], nil
}
