package metric

import "math"

// Argmax is the index of the largest value, the first of equal ones; 0 when all are NaN.
func Argmax(v []float32) int {
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

// epsilon is what scikit-learn clips float64 probabilities to: the machine epsilon.
const epsilon = 0x1p-52

// LogLoss is the mean of -log(probability of the actual class), the probability clipped to epsilon..1-epsilon. p is rows x k.
func LogLoss(p []float64, y []int32) float64 {
	if len(y) == 0 {
		return math.NaN()
	}
	k := len(p) / len(y)
	sum := 0.0
	for i, c := range y {
		sum -= math.Log(min(max(p[i*k+int(c)], epsilon), 1-epsilon))
	}
	return sum / float64(len(y))
}
