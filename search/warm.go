package search

import (
	"cmp"
	"math"
	"slices"

	"automl/search/gp"
	"automl/trial"
)

// Known is a result from elsewhere: an earlier study, or a table. It is no trial, and never the incumbent.
type Known struct {
	Source int          // results of one source were measured alike, and can be compared
	Params trial.Params // a complete configuration, see Space.Adopter; constraints may be violated
	Value  float64      // of the objective, as a trainer would report it
}

// Bounds of what is learned from elsewhere.
const (
	maxKnown    = 100 // results of a source that the models look at: the better half of them, and of the others at even ranks
	knownTrials = 100 // trials with a value, from which on the models go without
)

// source is the results of one source.
type source struct {
	values [][]any
	x      [][]float64 // (n x d)
	value  []float64
	goal   trial.Goal // that loss, order and model are made for
	loss   []float64  // warped: mean 0, variance 1
	order  []int      // best first
	space  gp.Space
	model  *gp.Model // of loss
}

// sources sorts results by where they come from. Those that do not fit the space are dropped.
func (h *history) sources(known []Known) []*source {
	var out []*source
	at := map[int]*source{}
	for _, k := range known {
		values, err := h.layout.values(k.Params)
		if err != nil || math.IsNaN(k.Value) || math.IsInf(k.Value, 0) {
			continue
		}
		x, err := h.codec.encode(values)
		if err != nil {
			continue
		}
		s := at[k.Source]
		if s == nil {
			s = &source{space: modelSpace(h.codec)}
			at[k.Source], out = s, append(out, s)
		}
		s.values, s.x, s.value = append(s.values, values), append(s.x, x), append(s.value, k.Value)
	}
	return out
}

// rank orders the results by an objective and warps their losses.
func (k *source) rank(o trial.Objective) {
	if k.goal == o.Goal {
		return
	}
	k.goal, k.model, k.order = o.Goal, nil, make([]int, len(k.value))
	k.loss = make([]float64, len(k.value))
	for i, v := range k.value {
		k.loss[i], k.order[i] = o.Loss(v), i
	}
	slices.SortStableFunc(k.order, func(a, b int) int { return cmp.Compare(k.loss[a], k.loss[b]) })
	k.loss = gp.MeanLog.Apply(k.loss)
}

// chosen is the results that models look at, best first.
func (k *source) chosen() []int {
	if len(k.order) <= maxKnown {
		return k.order
	}
	return append(slices.Clone(k.order[:maxKnown/2]), thin(k.order[maxKnown/2:], maxKnown-maxKnown/2)...)
}

// forecast is the loss that the source expects of a configuration, in its own units.
func (k *source) forecast(x []float64) float64 {
	if k.model == nil {
		var o gp.Observations
		for _, i := range k.chosen() {
			o.X, o.Y = append(o.X, k.x[i]), append(o.Y, k.loss[i])
		}
		k.model = gp.NewModel(&k.space, o, gp.Options{Warp: gp.Standard}, nil)
	}
	mean, _ := k.model.Predict([][]float64{x})
	return mean[0]
}

// heard is a source with the weight it has in a study.
type heard struct {
	*source
	trust float64 // (0, 1]
}

// listen is the sources that the trials so far agree with.
func (h *history) listen(s *trial.State, known []*source) []heard {
	if len(known) == 0 || h.scored() >= knownTrials {
		return nil
	}
	var out []heard
	for _, k := range known {
		k.rank(s.Study.Objective)
		if trust := h.trust(s, k.forecast); trust > 0 {
			out = append(out, heard{k, trust})
		}
	}
	return out
}

// informed reports whether what is known makes up for trials: as many results as a model wants trials before it is trusted,
// and the trials so far do not contradict them.
func informed(sources []heard, startup int) bool {
	n := 0.0
	for _, k := range sources {
		n += k.trust * float64(len(k.x))
	}
	return n >= float64(startup)
}

// join puts what is known before the observations of a study, which are in standard units. The trials tell how the results of a source translate: a straight
// line from what it expects of their configurations to what they are worth (see line); what that leaves unexplained is the
// noise of its results, the more so the less it is trusted.
func (h *history) join(o gp.Observations, sources []heard) gp.Observations {
	own, x := finiteOf(o)
	var out gp.Observations
	for _, k := range sources {
		ahead := make([]float64, len(x))
		for i := range x {
			ahead[i] = k.forecast(x[i])
		}
		l := newLine(ahead, own, 1)
		for _, i := range k.chosen() {
			out.X, out.Y = append(out.X, k.x[i]), append(out.Y, l.at(k.loss[i]))
			out.Noise = append(out.Noise, l.noise/(k.trust*k.trust))
		}
	}
	out.Foreign = len(out.X)
	out.X, out.Y, out.Noise = append(out.X, o.X...), append(out.Y, o.Y...), append(out.Noise, o.Noise...)
	out.Pending = o.Pending
	return out
}

// finiteOf is the outputs of the trials that have one, and where they are.
func finiteOf(o gp.Observations) (y []float64, x [][]float64) {
	for i, v := range o.Y {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			y, x = append(y, v), append(x, o.X[i])
		}
	}
	return y, x
}

// learned appends what is known to the good and the bad points of TPE: the best of each source are good, all with the weight of
// the source's trust.
func learned(sources []heard, quantile func(n int) int, good, bad *weighted) {
	for _, k := range sources {
		chosen := k.chosen()
		top := quantile(len(k.x))
		for place, i := range chosen {
			to := bad
			if place < top {
				to = good
			}
			to.points, to.weights = append(to.points, k.x[i]), append(to.weights, k.trust)
		}
	}
}

// weighted is points with weights.
type weighted struct {
	points  [][]float64
	weights []float64
}

// newWeighted is points with the weight 1 each.
func newWeighted(points [][]float64) weighted {
	w := weighted{points, make([]float64, len(points))}
	for i := range w.weights {
		w.weights[i] = 1
	}
	return w
}
