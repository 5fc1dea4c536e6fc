package ops

import (
	"automl/runner/finetune/blas"
)

// kernels is the arithmetic under the operations. Activations are row-major
// with the batch first; rows counts the leading rows to compute.
type kernels[T Float] interface {
	// Gemm computes c = alpha*op(a)*op(b) + beta*c; see blas.Gemm.
	Gemm(transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int)
	// GemmFinish is Gemm with what follows on it; see blas.Finish.
	GemmFinish(transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int, f finish[T])
	// Conv prepares a convolution of one geometry.
	Conv(s blas.ConvShape) (convolution[T], error)
	// ChannelStats returns the mean and the biased variance of each of c
	// channels over rows and hw pixels.
	ChannelStats(rows, c, hw int, x, mean, variance []T)
	// ScaleShift computes y = x*scale + shift per channel, then max(y, 0) if relu.
	ScaleShift(rows, c, hw int, x, scale, shift []T, relu bool, y []T)
	// NormGrad is the gradient of batch normalization; see blas.NormGrad.
	NormGrad(g blas.NormGrad, x, y, dy, mean, inv, gamma, dx, dgamma, dbeta []T)
	// AddReLU computes y = max(a+b, 0), or a+b if relu is false.
	AddReLU(a, b []T, relu bool, y []T)
	// ReLU computes y = max(x, 0).
	ReLU(x, y []T)
	// ReLUGrad computes dx = dy where y > 0, else 0.
	ReLUGrad(y, dy, dx []T)

	rowKernels[T]
}

// finish is blas.Finish in either precision.
type finish[T Float] struct {
	Bias  []T
	GELU  bool
	Slope []T
	Add   []T
	Times []T
}

// convolution is one convolution's forward and backward pass.
type convolution[T Float] interface {
	// Forward computes y = conv(x, w) + bias (bias may be nil) and keeps what
	// Backward needs of x.
	Forward(rows int, x, w, bias, y []T)
	// Backward computes the gradients that are not nil.
	Backward(rows int, w, dy, dx, dw, db []T)
}

// kernelsFor returns the fastest kernels for T: package blas for float32, plain
// loops for float64.
func kernelsFor[T Float]() kernels[T] {
	if k, ok := any(fast{}).(kernels[T]); ok {
		return k
	}
	return plain[T]{}
}

// fast runs on package blas.
type fast struct{}

var _ kernels[float32] = fast{}

func (fast) Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	blas.Gemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func (fast) GemmFinish(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, f finish[float32]) {
	blas.GemmFinish(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, blas.Finish(f))
}

func (fast) Conv(s blas.ConvShape) (convolution[float32], error) { return blas.NewConv(s) }

func (fast) ChannelStats(rows, c, hw int, x, mean, variance []float32) {
	blas.ChannelStats(rows, c, hw, x, mean, variance)
}

func (fast) ScaleShift(rows, c, hw int, x, scale, shift []float32, relu bool, y []float32) {
	blas.ScaleShift(rows, c, hw, x, scale, shift, relu, y)
}

func (fast) NormGrad(g blas.NormGrad, x, y, dy, mean, inv, gamma, dx, dgamma, dbeta []float32) {
	g.Run(x, y, dy, mean, inv, gamma, dx, dgamma, dbeta)
}

func (fast) AddReLU(a, b []float32, relu bool, y []float32) { blas.AddReLU(a, b, relu, y) }
func (fast) ReLU(x, y []float32)                            { blas.ReLU(x, y) }
func (fast) ReLUGrad(y, dy, dx []float32)                   { blas.ReLUGrad(y, dy, dx) }
