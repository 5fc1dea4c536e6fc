package blas

/*
#cgo noescape blas_softmax
#cgo nocallback blas_softmax
#cgo noescape blas_softmax_grad
#cgo nocallback blas_softmax_grad
#cgo noescape blas_layer_norm
#cgo nocallback blas_layer_norm
#cgo noescape blas_layer_norm_grad
#cgo nocallback blas_layer_norm_grad
#cgo noescape blas_column_sum
#cgo nocallback blas_column_sum
#include "kernels.h"
*/
import "C"

// perRow divides the rows of a matrix over goroutines; work is that of a value, as
// elementwise has it.
func perRow(rows, cols, work int, f func(lo, hi int)) { parallel(rows, 1, rows*cols*work, f) }

// Softmax computes y = softmax(scale*x + mask) for each row of x (rows, cols).
// mask (cols) is added to every row, with -Inf where a value must get no
// weight; it may be nil. A row of -Inf alone gives NaN. y may be x.
func Softmax(rows, cols int, scale float32, x, mask, y []float32) {
	check("softmax", rows*cols, x, y)
	if mask != nil {
		check("softmax mask", cols, mask)
	}
	perRow(rows, cols, 24, func(lo, hi int) {
		C.blas_softmax(active, C.int64_t(hi-lo), C.int64_t(cols), C.float(scale), ptr(x[lo*cols:]), ptr(mask), ptr(y[lo*cols:]))
	})
}

// SoftmaxGrad computes dx = scale*y*(dy - sum of y*dy) for each row: the
// gradient of Softmax with respect to x. dx may be dy.
func SoftmaxGrad(rows, cols int, scale float32, y, dy, dx []float32) {
	check("softmax gradient", rows*cols, y, dy, dx)
	perRow(rows, cols, 8, func(lo, hi int) {
		C.blas_softmax_grad(active, C.int64_t(hi-lo), C.int64_t(cols), C.float(scale), ptr(y[lo*cols:]), ptr(dy[lo*cols:]), ptr(dx[lo*cols:]))
	})
}

// LayerNorm computes y = (x-mean)*inv*gamma + beta for each row of x (rows,
// cols), with the row's mean and inv = 1/sqrt(biased variance + eps), which it
// keeps in mean and inv (rows) for the gradient (Ba et al. 2016). gamma and beta
// hold cols values. y may be x, if no gradient is wanted.
func LayerNorm(rows, cols int, eps float32, x, gamma, beta, y, mean, inv []float32) {
	check("layer norm", rows*cols, x, y)
	check("layer norm", cols, gamma, beta)
	check("layer norm", rows, mean, inv)
	perRow(rows, cols, 12, func(lo, hi int) {
		C.blas_layer_norm(active, C.int64_t(hi-lo), C.int64_t(cols), C.float(eps), ptr(x[lo*cols:]), ptr(gamma), ptr(beta),
			ptr(y[lo*cols:]), ptr(mean[lo:]), ptr(inv[lo:]))
	})
}

// gradRows is the number of rows whose part of a parameter's gradient is
// summed by one goroutine, for any number of them, so that results do not
// depend on it.
const gradRows = 64

// LayerNormGrad computes those gradients of LayerNorm that are not nil, from
// its input, its mean and inv, and the gradient dy of its output. dx may be dy.
func LayerNormGrad(rows, cols int, x, dy, gamma, mean, inv, dx, dgamma, dbeta []float32) {
	check("layer norm gradient", rows*cols, x, dy)
	check("layer norm gradient", cols, gamma)
	check("layer norm gradient", rows, mean, inv)
	if dx != nil {
		check("layer norm gradient dx", rows*cols, dx)
	}
	width := 0 // floats per chunk of rows
	for _, d := range [][]float32{dgamma, dbeta} {
		if d != nil {
			check("layer norm gradient of parameters", cols, d)
			width += cols
		}
	}
	chunks := (rows + gradRows - 1) / gradRows
	s := borrow(max(1, chunks) * width)
	part := func(d []float32, chunk, offset int) []float32 {
		if d == nil {
			return nil
		}
		return s[chunk*width+offset:][:cols]
	}
	second := 0
	if dgamma != nil {
		second = cols
	}
	clear(s[:chunks*width])
	parallel(chunks, 1, rows*cols*16, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			at, n := i*gradRows, min(gradRows, rows-i*gradRows)
			C.blas_layer_norm_grad(active, C.int64_t(n), C.int64_t(cols), ptr(x[at*cols:]), ptr(dy[at*cols:]), ptr(gamma),
				ptr(mean[at:]), ptr(inv[at:]), ptr(from(dx, at*cols)), ptr(part(dgamma, i, 0)), ptr(part(dbeta, i, second)))
		}
	})
	for i, d := range [][]float32{dgamma, dbeta} {
		if d != nil {
			sumParts(chunks, width, s[i*second:], d[:cols])
		}
	}
	giveBack(s)
}

// sumParts adds up rows of parts, width apart, into sum.
func sumParts(rows, width int, parts, sum []float32) {
	clear(sum)
	for i := range rows {
		AddReLU(sum, parts[i*width:], false, sum)
	}
}

// ColumnSum adds up the columns of x (rows, cols) into sum (cols): the gradient
// of a bias.
func ColumnSum(rows, cols int, x, sum []float32) {
	check("column sum", rows*cols, x)
	check("column sum", cols, sum)
	parallel(cols, 64, rows*cols*4, func(lo, hi int) {
		C.blas_column_sum(active, C.int64_t(rows), C.int64_t(cols), ptr(x), ptr(sum), C.int64_t(lo), C.int64_t(hi))
	})
}
