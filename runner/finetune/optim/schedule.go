package optim

import (
	"fmt"
	"math"
)

// Curve is how the learning rate falls after the warm-up.
type Curve string

// The curves.
const (
	Constant Curve = "constant"
	Linear   Curve = "linear" // to 0 in a straight line
	Cosine   Curve = "cosine" // to 0 along half a cosine (Loshchilov & Hutter 2017, without restarts)
)

// Schedule is the course of the learning rate over a whole training run.
type Schedule struct {
	Curve  Curve
	Warmup float64 // share of the steps during which the rate rises to its full value, [0, 1]
	Steps  int     // of the whole run; >= 1
}

// Validate checks the ranges.
func (s Schedule) Validate() error {
	switch {
	case s.Curve != Constant && s.Curve != Linear && s.Curve != Cosine:
		return fmt.Errorf("lr_schedule %q is none of %s, %s, %s", s.Curve, Constant, Linear, Cosine)
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
	if s.Curve == Linear {
		return 1 - done
	}
	return (1 + math.Cos(math.Pi*done)) / 2
}
