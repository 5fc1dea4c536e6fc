package ops

import (
	"math"

	"automl/runner/finetune/blas"
)

// rowKernels is the arithmetic of transformers, over rows of tokens: the
// functions of package blas by the same names, where there is one.
type rowKernels[T Float] interface {
	TanhGELU(rows int, x, bias, y, slope []T)
	LayerNorm(rows, cols int, eps float64, x, gamma, beta, y, mean, inv []T)
	LayerNormGrad(rows, cols int, x, dy, gamma, mean, inv, dx, dgamma, dbeta []T)
	ColumnSum(rows, cols int, x, sum []T)
	Axpy(a T, x, y []T)
	Tanh(x, y []T)
	TanhGrad(y, dy, dx []T)
	Dropout(d blas.Dropout, x, add, y []T)
	// CrossEntropy computes, for each row of logits x (rows, cols) with the right
	// column in next, loss = -log softmax(x)[next] and the column top of the largest
	// logit, and puts the loss's gradient by the logits, softmax(x) less 1 at next,
	// in the place of x. A negative next excludes its row: all of it is 0.
	CrossEntropy(rows, cols int, x []T, next []int32, loss []float64, top []int32)
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

func (fast) CrossEntropy(rows, cols int, x []float32, next []int32, loss []float64, top []int32) {
	for r := range rows {
		row := x[r*cols : (r+1)*cols]
		if loss[r], top[r] = 0, 0; next[r] < 0 {
			continue
		}
		at, most := 0, row[0]
		for c, v := range row {
			if v > most {
				at, most = c, v
			}
		}
		loss[r], top[r] = float64(most)-float64(row[next[r]]), int32(at)
	}
	blas.Softmax(rows, cols, 1, x, nil, x)
	for r := range rows {
		row := x[r*cols : (r+1)*cols]
		if next[r] < 0 {
			clear(row)
			continue
		}
		// Where the right column's share has no digits left, its distance to the largest still has.
		loss[r] -= math.Log(float64(row[top[r]]))
		row[next[r]]--
	}
}

func (fast) AttendGrad(a blas.Attention, starts []int32, qkv, dout, dqkv []float32) {
	a.Backward(starts, qkv, dout, dqkv)
}
