package search

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"automl/search/gp"
	"automl/trial"
)

// Prior is what a person believes about the best value of a parameter.
type Prior struct {
	Value      any
	Confidence float64 // in [0, 1]: how narrowly around Value, from hardly at all to nearly exactly there
}

// Confidences are words for a confidence.
var Confidences = map[string]float64{"low": 0.25, "medium": 0.5, "high": 0.75}

// validatePrior checks the prior of a parameter that is valid otherwise.
func (p Parameter) validatePrior() error {
	if p.Prior == nil {
		return nil
	}
	if p.Kind == Constant {
		return p.wrong("prior", "take it out", "a constant has no prior")
	}
	if _, err := p.Normalize(p.Prior.Value); err != nil {
		return p.wrong("prior", parameterHint(err), "the prior is at %s, which it can never be", trial.FormatValue(p.Prior.Value))
	}
	if c := p.Prior.Confidence; !(c >= 0 && c <= 1) {
		return p.wrong("prior", "give low, medium, high, or a number from 0 to 1", "the confidence %v must lie between 0 and 1", c)
	}
	return nil
}

// The shape of a belief. As a density of the parameter's unit scale, in which logarithmic parameters are even in the logarithm,
// it is a normal one cut at both ends, mixed with a uniform one, so that nothing is ruled out.
const (
	widest, narrowest = 0.5, 0.05 // standard deviations at confidence 0 and 1
	doubt             = 0.05      // weight of the uniform density
	priorTrials       = 10        // beta of Hvarfner et al. 2022, eq. 6: a prior counts in full up to so many trials
)

// belief is the prior of one parameter. A parameter with few values has a probability for each, one with more a density.
type belief struct {
	center, sigma, mass float64   // mass is that of the normal density inside [0, 1]
	logs                []float64 // of the probabilities, relative to even ones; nil: a density
	shares              []float64 // the same as cumulative probabilities
}

// newBelief is the belief of a valid parameter, nil when nothing is believed.
func (p Parameter) newBelief() *belief {
	n := p.count()
	if p.Prior == nil || n == 1 {
		return nil
	}
	value, err := p.Normalize(p.Prior.Value)
	if err != nil {
		return nil
	}
	c := p.Prior.Confidence
	b := &belief{sigma: widest * math.Pow(narrowest/widest, c)}
	if p.Kind == Categorical {
		even := 1 / float64(n)
		probabilities := make([]float64, n)
		for i := range probabilities {
			probabilities[i] = even * (1 - c*(1-doubt))
		}
		probabilities[p.position(value)] += c * (1 - doubt)
		b.tabulate(probabilities)
		return b
	}
	b.center = p.toUnit(value)
	b.mass = b.below(1) - b.below(0)
	if n > 0 && n <= maxLevels {
		probabilities := make([]float64, n)
		for i := range probabilities {
			low, high := p.cell(p.toUnit(p.at(i)))
			probabilities[i] = (b.below(high)-b.below(low))/b.mass*(1-doubt) + doubt/float64(n)
		}
		b.tabulate(probabilities)
	}
	return b
}

// below is the normal probability of what lies below u.
func (b *belief) below(u float64) float64 { return distuv.UnitNormal.CDF((u - b.center) / b.sigma) }

func (b *belief) tabulate(probabilities []float64) {
	sum := 0.0
	for _, v := range probabilities {
		sum += v
		b.logs, b.shares = append(b.logs, math.Log(v*float64(len(probabilities)))), append(b.shares, sum)
	}
}

// log is the logarithm of the density at u relative to the uniform one, and its derivative.
func (b *belief) log(u float64) (value, slope float64) {
	z := (u - b.center) / b.sigma
	normal := (1 - doubt) * math.Exp(-z*z/2) / (math.Sqrt(2*math.Pi) * b.sigma * b.mass)
	return math.Log(normal + doubt), -z / b.sigma * normal / (normal + doubt)
}

// place turns a coordinate that is uniform on [0, 1) into one that has the belief's distribution.
func (b *belief) place(p Parameter, u float64) float64 {
	if b.shares != nil {
		i := 0
		for i < len(b.shares)-1 && u >= b.shares[i] {
			i++
		}
		return p.toUnit(p.at(i))
	}
	if u < doubt {
		return u / doubt
	}
	share := b.below(0) + b.mass*(u-doubt)/(1-doubt)
	return min(max(b.center+b.sigma*distuv.UnitNormal.Quantile(share), 0), 1-1e-16)
}

// beliefs are the priors of a space, by parameter; nil when there are none.
type beliefs []*belief

func (l *layout) newBeliefs() beliefs {
	out, some := make(beliefs, len(l.parameters)), false
	for i, p := range l.parameters {
		out[i] = p.newBelief()
		some = some || out[i] != nil
	}
	if !some {
		return nil
	}
	return out
}

// believed is a point of the unit cube, uniform before, as the priors would have it.
func (l *layout) believed(u []float64) []float64 {
	for i, b := range l.beliefs {
		if b != nil {
			u[i] = b.place(l.parameters[i], u[i])
		}
	}
	return u
}

// fromPriors reports whether a trial, by its number, is one of those that are drawn from the priors where nothing else is known:
// every other one, so that a wrong prior costs half of them at most.
func (l *layout) fromPriors(number int) bool { return l.beliefs != nil && number%2 == 0 }

// drawn is a random configuration from the priors; nil when it is not the trial's turn, or none was found.
func (l *layout) drawn(number int, source *rand.Rand) []any {
	if !l.fromPriors(number) {
		return nil
	}
	for range l.draws(1) {
		values := make([]any, len(l.parameters))
		if l.place(l.believed(cube(len(values), source)), values); l.permits(values) {
			return values
		}
	}
	return nil
}

// belief is the priors as a term of the acquisition, see Codec.belief. Besides fading with the number of trials they lose their
// weight where the trials disagree with them.
func (h *history) belief(s *trial.State) gp.Tilt {
	if h.layout.beliefs == nil {
		return nil
	}
	likely := h.codec.belief(1)
	trust := h.trust(s, func(x []float64) float64 { return -likely(x, nil) })
	if trust == 0 {
		return nil
	}
	return h.codec.belief(trust * fading(h.ended()))
}

// belief is weight times the logarithm of the priors' density of encoded configurations, relative to the uniform one; nil when
// there are none. That of a parameter which does not exist is not counted.
func (c *Codec) belief(weight float64) gp.Tilt {
	if c.layout.beliefs == nil {
		return nil
	}
	return func(x, grad []float64) float64 {
		sum := 0.0
		for d, i := range c.layout.order {
			b, p := c.layout.beliefs[i], c.layout.parameters[i]
			switch {
			case b == nil || math.IsNaN(x[d]):
			case b.logs != nil:
				sum += weight * b.logs[p.position(c.value(d, x[d]))]
			default:
				value, slope := b.log(x[d])
				sum += weight * value
				if grad != nil {
					grad[d] += weight * slope
				}
			}
		}
		return sum
	}
}

// fading is the weight of a prior after n trials (Hvarfner et al. 2022, "piBO", arXiv:2204.11051, eq. 6): the acquisition is
// multiplied by the density to the power of beta / n.
func fading(n int) float64 { return priorTrials / float64(max(n, priorTrials)) }

// mode is the configuration that the priors think best: their values, the middle of other ranges, and at random what has no
// middle, or all that is not believed when the middle violates a constraint. False when there are no priors, or none was found.
func (l *layout) mode(source *rand.Rand) ([]any, bool) {
	if l.beliefs == nil {
		return nil, false
	}
	for try := range l.draws(1) {
		u := cube(len(l.parameters), source)
		values := make([]any, len(l.parameters))
		for i, p := range l.parameters {
			switch {
			case l.beliefs[i] != nil:
				values[i], _ = p.Normalize(p.Prior.Value)
			case p.Kind != Categorical && try == 0:
				u[i] = 0.5
			}
		}
		if l.place(u, values); l.permits(values) {
			return values, true
		}
	}
	return nil, false
}
