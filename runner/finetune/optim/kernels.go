package optim

import "automl/runner/finetune/blas"

// adamw makes one step. The gradient is multiplied by scale, which clips it.
//
// Of a table, the rows that no gradient has ever reached have moments of zero:
// the step would only shrink their weights. So that is all that is done to them,
// which gives the bits that a step over the whole table gives.
func (s *slot) adamw(c Config, lr, decay, scale float64) {
	a := blas.AdamW{LR: lr, Beta1: c.Beta1, Beta2: c.Beta2, Epsilon: c.Epsilon, Decay: decay, Step: s.steps, Scale: scale}
	t := &s.tensor
	if t.Rows == nil {
		a.Run(t.Data, t.Grad, s.m, s.v)
		return
	}
	for _, r := range *t.Rows {
		s.reached[r] = true
	}
	for from := 0; from < len(s.reached); {
		to := from + 1
		for to < len(s.reached) && s.reached[to] == s.reached[from] {
			to++
		}
		lo, hi := from*t.Width, to*t.Width
		switch {
		case s.reached[from]:
			a.Run(t.Data[lo:hi], t.Grad[lo:hi], s.m[lo:hi], s.v[lo:hi])
		case decay > 0:
			scaleBy(t.Data[lo:hi], float32(1-lr*decay))
		}
		from = to
	}
}

// sgd makes one step with the velocity m.
func (s *slot) sgd(c Config, lr, decay, scale float64) {
	w, g, m := s.tensor.Data, s.tensor.Grad, s.m
	g, m = g[:len(w)], m[:len(w)]
	mu, wd, rate, clip := float32(c.Momentum), float32(decay), float32(lr), float32(scale)
	ahead := float32(0)
	if c.Nesterov {
		ahead = 1
	}
	for i, gi := range g {
		gi = clip*gi + wd*w[i]
		mi := mu*m[i] + gi
		m[i] = mi
		// Nesterov: gradient + momentum * velocity; otherwise the velocity itself.
		w[i] -= rate * (ahead*(gi+mu*mi) + (1-ahead)*mi)
	}
}

// squares is the sum of the squares of the gradient.
func (t *Tensor) squares() float64 {
	if t.Rows == nil {
		return blas.SumSquares(t.Grad)
	}
	sum := 0.0
	for _, r := range *t.Rows {
		sum += blas.SumSquares(t.Grad[int(r)*t.Width:][:t.Width])
	}
	return sum
}

func scaleBy(x []float32, by float32) {
	blas.ScaleShift(1, 1, len(x), x, []float32{by}, []float32{0}, false, x)
}
