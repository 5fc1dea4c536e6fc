package trial

import "math"

// Forecast is what is expected of trials, in units of a warped loss that only compare among themselves.
type Forecast struct {
	Known     bool
	Trials    []Outlook
	Fresh     Outlook // of the most promising new trial
	Incumbent float64 // the best value so far, in units of the metric
}

// Outlook is how a trial is expected to end: normally distributed.
type Outlook struct {
	Known bool
	Mean  float64   // of its final loss less the incumbent's
	Var   float64   // of that
	Left  []float64 // what would be left of Var after each of the rungs that were asked for
	Value float64   // the mean in units of the metric
}

// Chance is the probability that the trial ends better than the incumbent.
func (o Outlook) Chance() float64 {
	switch {
	case !o.Known:
		return 0
	case !(o.Var > 0):
		if o.Mean < 0 {
			return 1
		}
		return 0
	}
	return 0.5 * math.Erfc(o.Mean/math.Sqrt(2*o.Var))
}
