package search

import (
	"math"

	"automl/search/gp"
	"automl/trial"
)

// maxPairs is how many trials a guess is learned from.
const maxPairs = 64

// guess fills in what the trials with the given numbers that were left behind would be worth at level. Those that got there
// tell: a straight line through their values then, over their values where the trial stands now. That they were chosen for
// the latter does not mislead the line. What it leaves unexplained is the noise of the guess.
//
// Values are warped first, at each resource by themselves, so that outliers do not decide.
func (h *history) guess(s *trial.State, level trial.Resource, at []int, o *gp.Observations) {
	behind := map[trial.Resource][]int{} // positions in at
	var order []trial.Resource
	var there []int
	for k, i := range at {
		switch r := &h.records[i]; {
		case !r.scored():
		case !r.reach.Less(level):
			if !math.IsInf(o.Y[k], 1) {
				there = append(there, k)
			}
		default:
			if behind[r.reach] == nil {
				order = append(order, r.reach)
			}
			behind[r.reach] = append(behind[r.reach], k)
		}
	}
	end := make([]float64, len(there))
	for j, k := range there {
		end[j] = o.Y[k]
	}
	end = gp.MeanLog.Apply(end)
	o.Noise = make([]float64, len(at))
	for j, k := range there {
		o.Y[k] = end[j]
	}
	for _, reach := range order {
		h.guessFrom(s, reach, at, thin(there, maxPairs), behind[reach], o)
	}
}

// guessFrom does it for the trials that stand at one resource.
func (h *history) guessFrom(s *trial.State, reach trial.Resource, at, there, behind []int, o *gp.Observations) {
	var now, then []float64
	for _, k := range there {
		if v := lossAt(s, h.records[at[k]].trial, reach); !math.IsInf(v, 1) {
			now, then = append(now, v), append(then, o.Y[k])
		}
	}
	for _, k := range behind {
		now = append(now, h.records[at[k]].own)
	}
	now = gp.MeanLog.Apply(now)
	l := newLine(now[:len(then)], then)
	for j, k := range behind {
		o.Y[k], o.Noise[k] = l.at(now[len(then)+j]), l.noise
	}
}

// line is y = offset + slope x, with the variance of what is left.
type line struct{ offset, slope, noise float64 }

// Weights of what is believed beforehand, as a number of trials: that values keep their order and their distances, up to some
// noise.
const (
	slopeWeight = 2
	noiseWeight = 4
	priorNoise  = 0.3
	leastSlope  = 0.1
)

func newLine(x, y []float64) line {
	n := float64(len(x))
	if n == 0 {
		return line{0, 1, priorNoise}
	}
	meanX, meanY := 0.0, 0.0
	for i := range x {
		meanX += x[i] / n
		meanY += y[i] / n
	}
	xx, xy := float64(slopeWeight), float64(slopeWeight)
	for i := range x {
		xx += (x[i] - meanX) * (x[i] - meanX)
		xy += (x[i] - meanX) * (y[i] - meanY)
	}
	l := line{slope: max(xy/xx, leastSlope)}
	l.offset = meanY - l.slope*meanX
	rest := priorNoise * noiseWeight
	for i := range x {
		rest += math.Pow(y[i]-l.at(x[i]), 2)
	}
	l.noise = rest / (n + noiseWeight)
	return l
}

func (l line) at(x float64) float64 { return l.offset + l.slope*x }
