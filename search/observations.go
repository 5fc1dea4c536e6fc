package search

import (
	"math"

	"automl/search/gp"
	"automl/trial"
)

// maxPending is how many pending trials a model looks at, evenly over the study.
const maxPending = 48

// observations are the trials of a study as a Gaussian process sees them: what each would be worth at the end, see finals, in
// standard units. A trial without a value failed if it is over, otherwise it is pending.
func (h *history) observations(s *trial.State, seq int64) (gp.Observations, *finals, scale) {
	return h.observe(s, seq, 0)
}

// observe are the observations without those of trials that stand below the highest station which enough of them have reached.
func (h *history) observe(s *trial.State, seq int64, enough int) (gp.Observations, *finals, scale) {
	f := h.finals(s, seq)
	least := 0
	if enough > 0 {
		least = f.furthest(enough)
	}
	var o gp.Observations
	var pending []int
	next, n, sum, square := 0, 0.0, 0.0, 0.0
	for i := range h.records {
		r := &h.records[i]
		if r.x == nil {
			continue
		}
		y, noise := math.NaN(), 0.0
		if next < len(f.trials) && f.trials[next] == i {
			next++
			if f.at[next-1] < least {
				continue
			}
			y, noise = f.end(next - 1)
			n++
			sum += y
			square += y * y
		} else if !r.trial.OverAt(seq) {
			pending = append(pending, i)
			continue
		}
		o.X, o.Y, o.Noise = append(o.X, r.x), append(o.Y, y), append(o.Noise, noise)
	}
	for _, i := range thin(pending, maxPending) {
		o.Pending = append(o.Pending, h.records[i].x)
	}
	c := scale{0, 1}
	if n > 0 {
		c.mean = sum / n
		if sd := math.Sqrt(max(square/n-c.mean*c.mean, 0)); sd > 1e-12 {
			c.sd = sd
		}
		for i := range o.Y {
			o.Y[i] = c.in(o.Y[i])
			o.Noise[i] /= c.sd * c.sd
		}
	}
	return o, f, c
}

// hyper are the hyperparameters of the model: fitted on what was known when the last but a few results came in, so that they
// are a function of the record and yet seldom fitted anew.
type hyper struct {
	of     *trial.Trial
	seq    int64
	params gp.Params
}

func (h *history) model(s *trial.State, space *gp.Space, cache *gp.Cache) (*gp.Model, *finals, scale) {
	o, f, c := h.observations(s, s.Seq)
	opt := gp.Options{Warp: gp.Standard}
	if n := len(s.Results); n > 0 {
		last := s.Results[gp.Schedule(n)-1].Seq
		if k := &h.hyper; k.of != s.Trials[0] || k.seq != last {
			was, _, _ := h.observations(s, last)
			k.of, k.seq, k.params = s.Trials[0], last, gp.FitSuccesses(space, was, opt)
		}
		opt.Params = &h.hyper.params
	}
	return gp.NewModel(space, o, opt, cache), f, c
}
