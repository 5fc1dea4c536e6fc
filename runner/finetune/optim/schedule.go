package optim

import (
	"fmt"
	"math"
	"slices"
)

// Curve is how the learning rate falls after the warm-up.
type Curve string

// The curves.
const (
	Constant Curve = "constant"
	Linear   Curve = "linear" // to 0 in a straight line
	Cosine   Curve = "cosine" // to 0 along half a cosine (Loshchilov & Hutter 2017, without restarts)

	// Polynomial falls to 0 as a power of what is left.
	Polynomial Curve = "polynomial"
	// OneCycle rises from 1/25 along half a cosine during the warm-up, and falls to 1/250000 along another (Smith & Topin 2019,
	// as in PyTorch, the momentum being left alone).
	OneCycle Curve = "one_cycle"
)

// Curves lists all of them.
var Curves = []Curve{Constant, Linear, Cosine, Polynomial, OneCycle}

// OneCycleWarmup is the usual warm-up of OneCycle.
const OneCycleWarmup = 0.3

// Where OneCycle begins and ends.
const (
	cycleStart = 1.0 / 25
	cycleEnd   = cycleStart / 1e4
)

// Schedule is the course of the learning rate over a whole training run.
type Schedule struct {
	Curve  Curve
	Warmup float64 // share of the steps during which the rate rises to its full value, [0, 1]
	Steps  int     // of the whole run; >= 1
	Power  float64 // Polynomial: > 0
}

// Validate checks the ranges.
func (s Schedule) Validate() error {
	switch {
	case !slices.Contains(Curves, s.Curve):
		return fmt.Errorf("lr_schedule %q is none of %v", s.Curve, Curves)
	case s.Curve == Polynomial && !(s.Power > 0 && !math.IsInf(s.Power, 0)):
		return fmt.Errorf("lr_power %v: must be above 0", s.Power)
	case !(s.Warmup >= 0 && s.Warmup <= 1):
		return fmt.Errorf("warmup %v lies outside 0..1", s.Warmup)
	case s.Steps < 1:
		return fmt.Errorf("a schedule of %d steps is none", s.Steps)
	}
	return nil
}

// Factor is what the learning rate is multiplied with in a step, counted from 0. It depends on nothing else, so a resumed run
// goes on where it was. With w warm-up steps of n: (step+1)/w while step < w, so that no step is wasted at rate 0; then the
// curve at (step-w)/(n-w), which reaches 0 only after the last step.
func (s Schedule) Factor(step int) float64 {
	if s.Curve == OneCycle {
		return s.cycle(float64(step))
	}
	warm := int(math.Round(s.Warmup * float64(s.Steps)))
	if step < warm {
		return float64(step+1) / float64(warm)
	}
	if s.Curve == Constant {
		return 1
	}
	if step >= s.Steps {
		return 0
	}
	done := float64(step-warm) / float64(s.Steps-warm)
	switch s.Curve {
	case Linear:
		return 1 - done
	case Polynomial:
		return math.Pow(1-done, s.Power)
	}
	return half(1, 0, done)
}

// cycle is the factor of OneCycle, whose last step of the warm-up has the full rate.
func (s Schedule) cycle(step float64) float64 {
	top, last := s.Warmup*float64(s.Steps)-1, float64(s.Steps-1)
	switch {
	case step < top:
		return half(cycleStart, 1, step/top)
	case step < last:
		return half(1, cycleEnd, (step-max(top, 0))/(last-max(top, 0)))
	case last <= top:
		return 1
	}
	return cycleEnd
}

// half goes from one value to another along half a cosine.
func half(from, to, done float64) float64 { return to + (from-to)*(1+math.Cos(math.Pi*done))/2 }
