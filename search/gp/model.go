package gp

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Sizes of the posterior.
const (
	exactLimit = 300 // most observations of the exact posterior
	inducing   = 128 // points that the sparse one rests on
)

// Observations are what is known, in the caller's order, which should be that of the results: the model is fitted anew when
// the successful ones have grown by a few per cent, on what there was then.
type Observations struct {
	X       [][]float64 // (n x d), NaN where a coordinate is absent
	Y       []float64   // (n), to be minimized; NaN or infinite: the trial failed
	Noise   []float64   // (n), variance of each output, or nil
	Pending [][]float64 // (p x d), points whose output is still to come
	// Foreign is how many of the observations, the first ones, were made elsewhere: they are learned from like all others, but
	// none is the incumbent while one of the others is successful, and their points may be proposed.
	Foreign int
}

// Options are what is chosen about the model; the zero value is the default.
type Options struct {
	Warp      Warp    // of the outputs
	Params    *Params // nil: they are fitted
	InputWarp bool    // fit a Kumaraswamy warp of each coordinate in [0, 1]
	labels    bool    // outputs are labels
}

// Model is what a proposal is made from: the objective's posterior, the failures', and the points they come from.
type Model struct {
	space     *Space
	objective *Posterior // nil before the first success
	base      *Posterior
	best      float64    // lowest mean of the objective's posterior at the observations
	fantasies fantasies  // of the pending points
	failure   *Posterior // nil without failures
	threshold float64    // of the failure's posterior between failure and success
	tilts     []Tilt
	x         [][]float64
	order     []int           // positions in x, best first, as the posterior's means at the observations say
	known     map[uint64]bool // digests of all points
}

// NewModel fits a model of the observations, or takes what the cache knows of it. The cache may be nil.
func NewModel(s *Space, o Observations, opt Options, cache *Cache) *Model {
	m := &Model{space: s, known: make(map[uint64]bool, len(o.X)+len(o.Pending))}
	for _, x := range [][][]float64{o.X[o.Foreign:], o.Pending} {
		for _, p := range x {
			m.known[digestPoint(p)] = true
		}
	}
	var y, noise, labels []float64
	foreign := 0 // of the successful ones
	for i, v := range o.Y {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			labels = append(labels, 0)
			continue
		}
		labels = append(labels, 1)
		if i < o.Foreign {
			foreign++
		}
		m.x, y = append(m.x, o.X[i]), append(y, v)
		if o.Noise != nil {
			noise = append(noise, o.Noise[i])
		}
	}
	if cache == nil {
		cache = &Cache{}
	}
	if len(y) > 0 {
		base := cache.objective.posterior(s, m.x, y, noise, opt)
		m.rankObserved(base, y, foreign)
		m.base = base
		m.objective = base.WithPending(o.Pending)
		m.fantasies = newFantasies(m.objective, base, o.Pending, m.best)
	}
	if failed := float64(len(labels)) - sum(labels); failed > 0 {
		m.setFailure(o, labels, cache)
	}
	return m
}

// setFailure models the labels (0: failed) by a Gaussian process: least-squares classification (Rasmussen & Williams 2006,
// section 6.5).
func (m *Model) setFailure(o Observations, labels []float64, cache *Cache) {
	m.failure = cache.failure.posterior(m.space, o.X, labels, nil, Options{Warp: Standard, labels: true})
	share := sum(labels) / float64(len(labels))
	if spread := math.Sqrt(share * (1 - share)); spread > 0 {
		m.threshold = (0.5 - share) / spread
	} else {
		m.threshold = 0.5 // nothing but failures, which standardize to 0
	}
}

// Bounds of the hyperparameters of labels. A jump, which has no lengthscale, is otherwise taken for noise, or for a function that
// nothing can be said about away from its observations.
const (
	labelLength = 0.3
	labelNoise  = 0.01
)

// smooth keeps the hyperparameters inside the bounds of labels.
func (p *Params) smooth(s *Space) {
	p.Noise = min(p.Noise, labelNoise)
	for d, dim := range s.Dims {
		if dim.numeric() {
			p.Length[d] = max(p.Length[d], labelLength)
		}
	}
}

// rankObserved sets the order of the observations and the incumbent from the posterior's means, which do not follow the noise.
// Of many observations, it looks at the best by value alone. The first foreign ones are no incumbents.
func (m *Model) rankObserved(g *Posterior, y []float64, foreign int) {
	first := byValue(y)
	first = first[:min(len(first), exactLimit)]
	means, bound := make([]float64, len(first)), make([]float64, len(first))
	g.means(g.kernel.embed(pick(m.x, first)), means, bound)
	m.order = pick(first, byValue(means))
	m.best = means[byValue(means)[0]]
	if i := slices.IndexFunc(m.order, func(i int) bool { return i >= foreign }); i >= 0 {
		m.best = means[slices.Index(first, m.order[i])]
	}
}

// posterior is the exact or the sparse posterior of n observations with warped outputs z.
func posterior(s *Space, p Params, x [][]float64, z, noise []float64) *Posterior {
	if len(x) <= exactLimit {
		return NewPosterior(s, p, x, z, noise)
	}
	return NewSparse(s, p, x, z, noise, representatives(z, inducing))
}

// Left is the share of the variance at x that is left after an observation there with each of the noises; own is the position of
// the observation that it takes the place of, or -1.
func (m *Model) Left(x []float64, own int, noises []float64) []float64 {
	out := make([]float64, len(noises))
	m.base.left(x, own, noises, out)
	return out
}

// Candidates are global points, spread evenly over the space, and perturbations of the best observed ones.
func (m *Model) Candidates(global, local int, source *rand.Rand) [][]float64 {
	return m.candidates(global, local, source)
}
