package ops

import (
	"math"

	"automl/runner/finetune/blas"
)

// NormConfig sets a batch normalization.
type NormConfig struct {
	Eps  float64
	ReLU bool // also apply max(y, 0), in the same pass
}

// BatchStats holds the statistics of the last run of a BatchNormTrain, from
// which the caller updates running statistics: the operation itself keeps none.
type BatchStats[T Float] struct {
	Mean, Var []T // per channel; Var is the biased variance (divided by Count)
	Count     int // values per channel: rows * height * width
}

// BatchNormTrain normalizes x (N, C, H, W) with the batch's own mean and
// biased variance, y = gamma*(x-mean)/sqrt(var+eps) + beta (Ioffe and Szegedy
// 2015, algorithm 1), and differentiates through both statistics. gamma and
// beta have shape (C).
func (b *Builder[T]) BatchNormTrain(x, gamma, beta *Node, c NormConfig) (*Node, *BatchStats[T]) {
	if !b.normReady(x, gamma, beta) {
		return nil, nil
	}
	n := x.Shape()[1]
	st := &BatchStats[T]{Mean: make([]T, n), Var: make([]T, n)}
	bn := newNorm(b, x, st.Mean, st.Var, c)
	bn.stats = st
	return b.apply(bn.kernel("batchnorm"), x.Shape().Clone(), x, gamma, beta), st
}

// BatchNormEval normalizes with given statistics, which are constants to the
// gradient: mean and variance (C) are read at every run and never written.
func (b *Builder[T]) BatchNormEval(x, gamma, beta *Node, mean, variance []T, c NormConfig) *Node {
	if !b.normReady(x, gamma, beta) {
		return nil
	}
	if n := x.Shape()[1]; len(mean) != n || len(variance) != n {
		return b.fail("batchnorm: %d means and %d variances for %d channels", len(mean), len(variance), n)
	}
	return b.apply(newNorm(b, x, mean, variance, c).kernel("batchnorm.eval"), x.Shape().Clone(), x, gamma, beta)
}

func (b *Builder[T]) normReady(x, gamma, beta *Node) bool {
	if !b.ready("batchnorm", []int{4, 1, 1}, x, gamma, beta) {
		return false
	}
	if n := x.Shape()[1]; gamma.Shape()[0] != n || beta.Shape()[0] != n {
		b.fail("batchnorm: gamma %v and beta %v for input %v", gamma.Shape(), beta.Shape(), x.Shape())
		return false
	}
	return true
}

// norm is the shared state of one normalization's passes.
type norm[T Float] struct {
	k              kernels[T]
	run            *runState
	stats          *BatchStats[T] // nil in eval mode
	mean, variance []T
	inv            []T // 1/sqrt(var+eps), from the forward pass
	scale, shift   []T // y = x*scale + shift
	c, hw          int
	cfg            NormConfig
}

func newNorm[T Float](b *Builder[T], x *Node, mean, variance []T, cfg NormConfig) *norm[T] {
	s := x.Shape()
	return &norm[T]{
		k: b.k, run: &b.run, mean: mean, variance: variance, cfg: cfg,
		c: s[1], hw: s[2] * s[3],
		inv: make([]T, s[1]), scale: make([]T, s[1]), shift: make([]T, s[1]),
	}
}

func (n *norm[T]) kernel(name string) kernel[T] {
	return kernel[T]{name: name, forward: n.forward, backward: n.backward}
}

func (n *norm[T]) forward(in [][]T, out []T) error {
	x, gamma, beta := in[0], in[1], in[2]
	if n.stats != nil {
		n.k.ChannelStats(n.run.rows, n.c, n.hw, x, n.mean, n.variance)
		n.stats.Count = n.run.rows * n.hw
	}
	for i := range n.inv {
		n.inv[i] = T(1 / math.Sqrt(float64(n.variance[i])+n.cfg.Eps))
		n.scale[i] = gamma[i] * n.inv[i]
		n.shift[i] = beta[i] - n.mean[i]*n.scale[i]
	}
	n.k.ScaleShift(n.run.rows, n.c, n.hw, x, n.scale, n.shift, n.cfg.ReLU, out)
	return nil
}

func (n *norm[T]) backward(in [][]T, out, grad []T, d [][]T) error {
	g := blas.NormGrad{Rows: n.run.rows, Channels: n.c, HW: n.hw, ReLU: n.cfg.ReLU, Batch: n.stats != nil}
	n.k.NormGrad(g, in[0], out, grad, n.mean, n.inv, in[1], d[0], d[1], d[2])
	return nil
}
