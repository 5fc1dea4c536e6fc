package search

import "math"

// line is y = offset + slope x, with the variance of what is left.
type line struct{ offset, slope, noise float64 }

// Weights of what is believed beforehand, as a number of trials: that values keep their order and their distances, up to some
// noise.
const (
	slopeWeight = 2
	noiseWeight = 4
	priorNoise  = 0.1 // by the variance of the values
	leastSlope  = 0.1
)

// newLine fits a line to pairs whose values have about the given spread.
func newLine(x, y []float64, spread float64) line {
	n, unit := float64(len(x)), spread*spread
	if n == 0 {
		return line{0, 1, priorNoise * unit}
	}
	meanX, meanY := 0.0, 0.0
	for i := range x {
		meanX += x[i] / n
		meanY += y[i] / n
	}
	xx, xy := slopeWeight*unit, slopeWeight*unit
	for i := range x {
		xx += (x[i] - meanX) * (x[i] - meanX)
		xy += (x[i] - meanX) * (y[i] - meanY)
	}
	l := line{slope: 1}
	if xx > 0 {
		l.slope = max(xy/xx, leastSlope)
	}
	l.offset = meanY - l.slope*meanX
	rest := priorNoise * unit * noiseWeight
	for i := range x {
		rest += math.Pow(y[i]-l.at(x[i]), 2)
	}
	l.noise = rest / (n + noiseWeight)
	return l
}

func (l line) at(x float64) float64 { return l.offset + l.slope*x }

// then is this line, and what it gives put into the next one.
func (l line) then(next line) line {
	return line{offset: next.at(l.offset), slope: l.slope * next.slope, noise: next.slope*next.slope*l.noise + next.noise}
}
