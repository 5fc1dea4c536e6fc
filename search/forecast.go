package search

import (
	"math"
	"slices"

	"automl/search/gp"
	"automl/trial"
)

// Forecaster says how the trials of a study will end, from everything it has seen: the values of each at the resources where
// trials stand (finals), carried to the end, and from there to similar configurations by a Gaussian process.
type Forecaster struct {
	history *history
	space   gp.Space
	cache   gp.Cache
}

// Forecasting is what a Forecaster and some samplers can do.
type Forecasting interface {
	Forecast(s *trial.State, numbers []int, rungs []trial.Resource) trial.Forecast
}

var _, _ Forecasting = (*Forecaster)(nil), (*GP)(nil)

// ForecasterOf is the sampler itself where it forecasts, so that both share their model, else a new one of the space.
func ForecasterOf(sampler Sampler, s Space) Forecasting {
	if o, ok := sampler.(*opener); ok {
		sampler = o.Sampler
	}
	if f, ok := sampler.(Forecasting); ok {
		return f
	}
	return NewForecaster(s)
}

// NewForecaster makes one for a valid space.
func NewForecaster(s Space) *Forecaster {
	h := newHistory(s)
	return &Forecaster{history: h, space: modelSpace(h.codec)}
}

// Forecast is what is expected of trials, by number, and of a new one.
func (f *Forecaster) Forecast(s *trial.State, numbers []int, rungs []trial.Resource) trial.Forecast {
	return f.history.forecast(s, numbers, rungs, func() modelled { return f.history.modelled(s, &f.space, &f.cache) })
}

// Forecast is that of the model which the proposals are made from; what is known from elsewhere is in it.
func (g *GP) Forecast(s *trial.State, numbers []int, rungs []trial.Resource) trial.Forecast {
	h := g.history
	return h.forecast(s, numbers, rungs, func() modelled {
		if known := h.listen(s, g.tpe.known); len(known) > 0 {
			return g.joint(s, known)
		}
		return h.modelled(s, &g.space, &g.cache)
	})
}

// modelled is a model with what its observations were made from.
type modelled struct {
	*gp.Model
	ends    *finals
	scale   scale // of its outputs
	foreign int   // of its observations were made elsewhere, the first ones
}

func (h *history) modelled(s *trial.State, space *gp.Space, cache *gp.Cache) modelled {
	m, f, c := h.model(s, space, cache)
	return modelled{m, f, c, 0}
}

// joint is the model of the trials and of what is known from elsewhere.
func (g *GP) joint(s *trial.State, known []heard) modelled {
	o, f, c := g.history.observations(s, s.Seq)
	o = g.history.join(o, known)
	m := gp.NewModel(&g.space, o, gp.Options{Warp: gp.Standard}, &g.joined)
	y, _ := finiteOf(o)
	if sd := deviation(y); sd > 1e-12 { // NewModel standardizes what has been standardized without the foreign ones
		c = scale{c.out(mean(y)), c.sd * sd}
	}
	return modelled{m, f, c, o.Foreign}
}

// leastForecast is how many trials with a value a forecast needs: with two or three a model is too sure of the better one. Above maxModelled there is none either: it would cost more than it
// is worth, as for GP.
const leastForecast = 4

func (h *history) forecast(s *trial.State, numbers []int, rungs []trial.Resource, model func() modelled) trial.Forecast {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.sync(s)
	h.score(s)
	out := trial.Forecast{Trials: make([]trial.Outlook, len(numbers))}
	if h.scored() > maxModelled {
		return out
	}
	m := model()
	f := m.ends
	if len(f.trials) < leastForecast {
		return out
	}
	out.Known = true
	incumbent := f.incumbent(s.Study.Shape)
	out.Incumbent = f.value(incumbent, s.Study.Objective)
	look := &looker{modelled: m, incumbent: m.scale.in(incumbent), objective: s.Study.Objective}
	for _, at := range rungs {
		look.noises = append(look.noises, f.noise(at, s.Study.Shape)/(m.scale.sd*m.scale.sd))
	}
	var points [][]float64
	var of, own []int
	for k, n := range numbers {
		if at, known := slices.BinarySearch(f.trials, n); known {
			points, of, own = append(points, h.records[n].x), append(of, k), append(own, m.foreign+at)
		}
	}
	mean, variance := m.Predict(points)
	for j, k := range of {
		out.Trials[k] = look.at(points[j], own[j], mean[j], variance[j])
	}
	out.Fresh = look.fresh(h.prospects(s, m.Model))
	return out
}

// Numbers of points that stand for what may be proposed: evenly spread ones and perturbations of the best.
const (
	prospectsGlobal = 128
	prospectsLocal  = 64
)

// prospects are points that stand for what may be proposed next.
func (h *history) prospects(s *trial.State, m *gp.Model) [][]float64 {
	if h.pool == nil {
		return m.Candidates(prospectsGlobal, prospectsLocal, Source(s.Study.Seed, len(s.Trials)))
	}
	_, points, _ := h.pool.points()
	return points
}

// looker turns what the model says into outlooks.
type looker struct {
	modelled
	incumbent float64 // in standard units
	objective trial.Objective
	noises    []float64 // of a value at each rung
}

// at is the outlook at a point, where the own-th observation of the model is that of the trial; -1 for a new one.
func (l *looker) at(x []float64, own int, mean, variance float64) trial.Outlook {
	left := l.Left(x, own, l.noises)
	for i := range left {
		left[i] *= variance
	}
	return trial.Outlook{Known: true, Mean: mean - l.incumbent, Var: variance, Left: left, Value: l.ends.value(l.scale.out(mean), l.objective)}
}

// fresh is the outlook at the point with the highest expected improvement on the best value so far.
func (l *looker) fresh(points [][]float64) trial.Outlook {
	mean, variance := l.Predict(points)
	best, which := math.Inf(-1), -1
	for j := range points {
		if v, _, _ := gp.LogEI(mean[j], math.Sqrt(variance[j]), l.incumbent); v > best {
			best, which = v, j
		}
	}
	if which < 0 {
		return trial.Outlook{}
	}
	return l.at(points[which], -1, mean[which], variance[which])
}

// scale turns warped values into standard units.
type scale struct{ mean, sd float64 }

func (c scale) in(warped float64) float64    { return (warped - c.mean) / c.sd }
func (c scale) out(standard float64) float64 { return c.mean + c.sd*standard }
