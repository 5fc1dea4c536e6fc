package ops

import "automl/runner/finetune/blas"

// rowKernels is the arithmetic of transformers, over rows of tokens: the
// functions of package blas by the same names.
type rowKernels[T Float] interface {
	TanhGELU(rows int, x, bias, y, slope []T)
	LayerNorm(rows, cols int, eps float64, x, gamma, beta, y, mean, inv []T)
	LayerNormGrad(rows, cols int, x, dy, gamma, mean, inv, dx, dgamma, dbeta []T)
	ColumnSum(rows, cols int, x, sum []T)
	Axpy(a T, x, y []T)
	Tanh(x, y []T)
	TanhGrad(y, dy, dx []T)
	Dropout(d blas.Dropout, x, add, y []T)
	Attend(a blas.Attention, starts []int32, qkv, out []T)
	AttendGrad(a blas.Attention, starts []int32, qkv, dout, dqkv []T)
}

func (fast) TanhGELU(rows int, x, bias, y, slope []float32) {
	blas.TanhGELU(rows, x, bias, y, slope)
}

func (fast) LayerNorm(rows, cols int, eps float64, x, gamma, beta, y, mean, inv []float32) {
	blas.LayerNorm(rows, cols, float32(eps), x, gamma, beta, y, mean, inv)
}

func (fast) LayerNormGrad(rows, cols int, x, dy, gamma, mean, inv, dx, dgamma, dbeta []float32) {
	blas.LayerNormGrad(rows, cols, x, dy, gamma, mean, inv, dx, dgamma, dbeta)
}

func (fast) ColumnSum(rows, cols int, x, sum []float32)             { blas.ColumnSum(rows, cols, x, sum) }
func (fast) Axpy(a float32, x, y []float32)                         { blas.Axpy(a, x, y) }
func (fast) Tanh(x, y []float32)                                    { blas.Tanh(x, y) }
func (fast) TanhGrad(y, dy, dx []float32)                           { blas.TanhGrad(y, dy, dx) }
func (fast) Dropout(d blas.Dropout, x, add, y []float32)            { d.Apply(x, add, y) }
func (fast) Attend(a blas.Attention, s []int32, qkv, out []float32) { a.Forward(s, qkv, out) }

func (fast) AttendGrad(a blas.Attention, starts []int32, qkv, dout, dqkv []float32) {
	a.Backward(starts, qkv, dout, dqkv)
}
