package optim

import (
	"automl/runner/finetune/blas"
)

// rule is the arithmetic of one kind of optimizer.
type rule interface {
	// moments returns the sizes of what is remembered of a tensor.
	moments(t Tensor) []int
	// step prepares to move the tensor of a slot by learning rate rate, its gradient times scale, and returns what moves its
	// values from lo up to hi, which is called for all parts, several at a time. Where the moves depend on sums over the
	// whole tensor, step makes them itself and returns nil.
	step(s *slot, rate, decay, scale float64) (move func(lo, hi int))
}

func ruleFor(c Config) rule {
	switch c.Kind {
	case SGD:
		return sgd{c}
	case Lion:
		return lion{c}
	case Adafactor:
		return adafactor{c}
	}
	return adamw{c}
}

// adamw remembers the running means of the gradient and of its square.
type adamw struct{ Config }

func (adamw) moments(t Tensor) []int { return []int{len(t.Data), len(t.Data)} }

func (c adamw) step(s *slot, rate, decay, scale float64) func(lo, hi int) {
	a := blas.AdamW{LR: rate, Beta1: c.Beta1, Beta2: c.Beta2, Epsilon: c.Epsilon, Decay: decay, Step: s.steps, Scale: scale}
	w, g, m, v := s.tensor.Data, s.tensor.Grad, s.moments[0], s.moments[1]
	return s.spans(func(lo, hi int) { a.Run(w[lo:hi], g[lo:hi], m[lo:hi], v[lo:hi]) },
		func(lo, hi int) { shrink(w[lo:hi], rate*decay) })
}

// sgd remembers the velocity, which decay alone sets going: so there is nothing to leave out of a table.
type sgd struct{ Config }

func (sgd) moments(t Tensor) []int { return []int{len(t.Data)} }

func (c sgd) step(s *slot, rate, decay, scale float64) func(lo, hi int) {
	d := blas.SGD{LR: rate, Momentum: c.Momentum, Nesterov: c.Nesterov, Decay: decay, Scale: scale}
	w, g, v := s.tensor.Data, s.tensor.Grad, s.moments[0]
	return func(lo, hi int) { d.Run(w[lo:hi], g[lo:hi], v[lo:hi]) }
}

// lion remembers the running mean of the gradient.
type lion struct{ Config }

func (lion) moments(t Tensor) []int { return []int{len(t.Data)} }

func (c lion) step(s *slot, rate, decay, scale float64) func(lo, hi int) {
	l := blas.Lion{LR: rate, Beta1: c.Beta1, Beta2: c.Beta2, Decay: decay, Scale: scale}
	w, g, m := s.tensor.Data, s.tensor.Grad, s.moments[0]
	return s.spans(func(lo, hi int) { l.Run(w[lo:hi], g[lo:hi], m[lo:hi]) },
		func(lo, hi int) { shrink(w[lo:hi], rate*decay) })
}
