package metric

import "math"

// Argmax is the index of the largest value, the first of equal ones; 0 when all are NaN.
func Argmax[T float32 | float64](v []T) int {
	best := 0
	for i, x := range v {
		if x > v[best] || v[best] != v[best] {
			best = i
		}
	}
	return best
}

// Softmax writes the probabilities of the logits to p, in float64. A NaN among the logits makes all of them NaN.
func Softmax(p []float64, logits []float32) {
	top := math.Inf(-1)
	for _, x := range logits {
		top = max(top, float64(x))
	}
	sum := 0.0
	for i, x := range logits {
		p[i] = math.Exp(float64(x) - top)
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
}

// Sigmoid writes the probability of each logit to p, in float64.
func Sigmoid(p []float64, logits []float32) {
	for i, x := range logits {
		if x >= 0 {
			p[i] = 1 / (1 + math.Exp(-float64(x)))
			continue
		}
		e := math.Exp(float64(x)) // never overflows
		p[i] = e / (1 + e)
	}
}

// epsilon is what scikit-learn clips float64 probabilities to: the machine epsilon.
const epsilon = 0x1p-52

// surprise is -log(p) with p clipped to epsilon..1-epsilon.
func surprise(p float64) float64 { return -math.Log(min(max(p, epsilon), 1-epsilon)) }

// calibrationBins is the number of equally wide bins of confidence, that of Guo et al. 2017.
const calibrationBins = 15

// calibration sums up how far confidence and success differ.
type calibration [calibrationBins]struct {
	confidence float64 // sum
	rows, hits int
}

// add counts a row that was decided with a confidence in 0..1. Bins are open at the bottom and closed at the top.
func (c *calibration) add(confidence float64, hit bool) {
	b := &c[min(max(int(math.Ceil(confidence*calibrationBins))-1, 0), calibrationBins-1)]
	b.confidence += confidence
	b.rows++
	if hit {
		b.hits++
	}
}

// error is the expected calibration error: the mean over the bins of |accuracy - mean confidence|, weighted by their rows
// (Naeini et al. 2015; Guo et al. 2017, equation 3).
func (c *calibration) error() float64 {
	sum, rows := 0.0, 0
	for _, b := range c {
		sum += math.Abs(float64(b.hits) - b.confidence)
		rows += b.rows
	}
	return sum / float64(rows)
}
