package probe

import "math"

// variables are those that L-BFGS moves: weights and intercepts, each multiplied by a scale of its own, the root of about what the
// Hessian's diagonal has there. So features of very different size, and intercepts beside weights, take steps of like use.
type variables struct {
	k       int
	feature []float64 // scale of the weights of a feature, for every class
	offset  float64   // scale of the intercepts
}

// fitted is the variance of a class's probability once fitted, as a share of what it is by chance. It changes nothing but the
// number of steps, and that little: 0.03 to 0.3 do as well.
const fitted = 0.1

func newVariables(d *design, c float64) *variables {
	v := &variables{k: len(d.present), feature: make([]float64, d.x.Cols)}
	curvature, total := 0.0, 0.0
	for _, s := range d.shares {
		curvature += fitted * c * s * (1 - s) / float64(v.k)
	}
	for i, w := range d.weights {
		total += w
		for j, q := range d.x.Row(i) {
			v.feature[j] += w * float64(q) * float64(q)
		}
	}
	for j, q := range v.feature {
		v.feature[j] = math.Sqrt(1 + curvature*q)
	}
	v.offset = math.Sqrt(curvature * total)
	return v
}

// size is how many variables there are: those of the weights (k x features), then of the k intercepts.
func (v *variables) size() int { return v.k * (len(v.feature) + 1) }

// from is the point of given weights (k x features) and intercepts.
func (v *variables) from(w []float32, b []float64) []float64 {
	out := make([]float64, 0, v.size())
	for i, q := range w {
		out = append(out, float64(q)*v.feature[i%len(v.feature)])
	}
	for _, q := range b {
		out = append(out, q*v.offset)
	}
	return out
}

// to writes the weights and intercepts of a point.
func (v *variables) to(w []float32, b []float64, point []float64) {
	for i := range w {
		w[i] = float32(point[i] / v.feature[i%len(v.feature)])
	}
	for i, q := range point[len(w):] {
		b[i] = q / v.offset
	}
}

// gradient writes the gradient at a point from that by weights and intercepts.
func (v *variables) gradient(dst []float64, w []float32, b []float64) {
	for i, q := range w {
		dst[i] = float64(q) / v.feature[i%len(v.feature)]
	}
	for i, q := range b {
		dst[len(w)+i] = q / v.offset
	}
}
