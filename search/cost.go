package search

import (
	"math"
	"slices"

	"automl/search/gp"
	"automl/trial"
)

// Spending is the budget of a study as a sampler needs it: how much there is of what a trial uses up. A zero field is no limit.
type Spending struct {
	Trials     int
	Seconds    float64 // on the clock, since the study was created
	GPUSeconds float64
	GPUShare   float64 // GPUs that one trial takes
}

// used is the share of the budget that is used up, from 0 to 1: of several limits the one that is nearest; 0 without any. Time is
// read off the record, so that it is the same whenever the record is.
func (b Spending) used(s *trial.State) float64 {
	share, seconds, last := 0.0, 0.0, s.Study.Created
	for _, t := range s.Trials {
		seconds += t.Seconds
		if t.Started.After(last) {
			last = t.Started
		}
		if t.Ended.After(last) {
			last = t.Ended
		}
	}
	if b.Trials > 0 {
		share = float64(len(s.Trials)) / float64(b.Trials)
	}
	if b.Seconds > 0 {
		share = max(share, last.Sub(s.Study.Created).Seconds()/b.Seconds)
	}
	if b.GPUSeconds > 0 {
		share = max(share, seconds*b.GPUShare/b.GPUSeconds)
	}
	return min(share, 1)
}

const (
	leastCosts = 5   // trials whose cost is known before it is modelled
	maxCosts   = 100 // that the model looks at
	unlike     = 2   // factor between a cheap and an expensive trial from which on auto minds the cost
)

// costs is what an epoch takes, in seconds, as a function of the configuration: a Gaussian process of its logarithm.
type costs struct {
	space gp.Space
	cache gp.Cache
}

// tilt is the cost as a term of the acquisition, -a log cost(x): of two configurations that promise alike, the cheaper one is
// tried first. The exponent a falls from 1 to 0 as the budget is used up (cost-cooling, Lee et al. 2020, arXiv:2003.10870, eq. 3),
// for at the end only the result counts. Nil when the costs are not minded: by default that is when they hardly differ, or when no
// limit is one of time.
func (c *costs) tilt(h *history, s *trial.State, cfg Config) gp.Tilt {
	timed := cfg.Spending.Seconds > 0 || cfg.Spending.GPUSeconds > 0
	if !cfg.Cost && (cfg.Type != AutoType || !timed) {
		return nil
	}
	o := h.costs()
	if len(o.Y) < leastCosts || !cfg.Cost && spread(o.Y) < math.Log(unlike) {
		return nil
	}
	weight := (1 - cfg.Spending.used(s)) * deviation(o.Y)
	if weight == 0 {
		return nil
	}
	return gp.NewModel(&c.space, o, gp.Options{Warp: gp.Standard}, &c.cache).Tilted(-weight)
}

// costs is the logarithms of the seconds an epoch took, of at most maxCosts trials that are over or paused, evenly over the study.
func (h *history) costs() gp.Observations {
	var all []int
	for i := range h.records {
		r := &h.records[i]
		over := r.trial.Status.Terminal() || r.trial.Status == trial.PausedState
		if epochs := r.trial.Epochs + r.trial.Extra; r.x != nil && over && epochs > 0 && r.trial.Seconds > 0 {
			all = append(all, i)
		}
	}
	stride := 1
	for len(all)/stride > maxCosts { // a power of two, so that few of the trials looked at change as their number grows
		stride *= 2
	}
	var o gp.Observations
	for k := 0; k < len(all); k += stride {
		r := &h.records[all[k]]
		o.X = append(o.X, r.x)
		o.Y = append(o.Y, math.Log(r.trial.Seconds/float64(r.trial.Epochs+r.trial.Extra)))
	}
	return o
}

// spread is the distance between the low and the high tenth.
func spread(v []float64) float64 {
	sorted := slices.Sorted(slices.Values(v))
	n := len(sorted)
	return sorted[n-1-n/10] - sorted[n/10]
}
