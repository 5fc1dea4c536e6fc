package optim

import "math"

// adamw makes one step: m and v are the running means of the gradient and its square, corrected for beginning at zero.
func adamw(s *slot, c Config, lr, decay float64) {
	w, g, m, v := s.tensor.Data, s.tensor.Grad, s.m, s.v
	g, m, v = g[:len(w)], m[:len(w)], v[:len(w)]
	b1, b2 := float32(c.Beta1), float32(c.Beta2)
	n1, n2 := float32(1-c.Beta1), float32(1-c.Beta2)
	keep := float32(1 - lr*decay)
	rate := float32(lr / (1 - math.Pow(c.Beta1, float64(s.steps))))
	root := float32(1 / math.Sqrt(1-math.Pow(c.Beta2, float64(s.steps))))
	eps := float32(c.Epsilon)
	for i, gi := range g {
		mi := b1*m[i] + n1*gi
		vi := b2*v[i] + n2*gi*gi
		m[i], v[i] = mi, vi
		w[i] = keep*w[i] - rate*mi/(float32(math.Sqrt(float64(vi)))*root+eps)
	}
}

// sgd makes one step with the velocity m.
func sgd(s *slot, c Config, lr, decay float64) {
	w, g, m := s.tensor.Data, s.tensor.Grad, s.m
	g, m = g[:len(w)], m[:len(w)]
	mu, wd, rate := float32(c.Momentum), float32(decay), float32(lr)
	ahead := float32(0)
	if c.Nesterov {
		ahead = 1
	}
	for i, gi := range g {
		gi += wd * w[i]
		mi := mu*m[i] + gi
		m[i] = mi
		// Nesterov: gradient + momentum * velocity; otherwise the velocity itself.
		w[i] -= rate * (ahead*(gi+mu*mi) + (1-ahead)*mi)
	}
}

// squares is the sum of the squares, in float64: a float32 sum would lose the small gradients of a large tensor.
func squares(g []float32) float64 {
	sum := 0.0
	for _, x := range g {
		sum += float64(x) * float64(x)
	}
	return sum
}

func scale(g []float32, by float32) {
	for i := range g {
		g[i] *= by
	}
}
