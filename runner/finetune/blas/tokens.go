package blas

/*
#cgo noescape blas_add_rows
#cgo nocallback blas_add_rows
#cgo noescape blas_bias_gelu
#cgo nocallback blas_bias_gelu
#cgo noescape blas_axpy
#cgo nocallback blas_axpy
#include "kernels.h"
*/
import "C"

// AddRows computes y = bias + x for rows of len(bias) floats; x may be nil.
func AddRows(rows int, bias, x, y []float32) {
	cols := len(bias)
	check("add rows", rows*cols, y)
	if x != nil {
		check("add rows", rows*cols, x)
	}
	perRow(rows, cols, 2, func(lo, hi int) {
		C.blas_add_rows(active, C.int64_t(hi-lo), C.int64_t(cols), ptr(bias), ptr(from(x, lo*cols)), ptr(y[lo*cols:]))
	})
}

// BiasGELU computes y = gelu(x + bias) for rows of len(bias) floats; if tanh,
// the approximation of Hendrycks and Gimpel 2016 by a hyperbolic tangent.
// Unless slope is nil, it receives the derivative. Both results may be x itself.
func BiasGELU(rows int, x, bias []float32, tanh bool, y, slope []float32) {
	cols := len(bias)
	check("gelu", rows*cols, x, y)
	if slope != nil {
		check("gelu slope", rows*cols, slope)
	}
	perRow(rows, cols, 16, func(lo, hi int) {
		C.blas_bias_gelu(active, C.int64_t(hi-lo), C.int64_t(cols), ptr(x[lo*cols:]), ptr(bias), flag(tanh),
			ptr(y[lo*cols:]), ptr(from(slope, lo*cols)))
	})
}

// Axpy computes y += a*x.
func Axpy(a float32, x, y []float32) {
	check("axpy", len(y), x)
	elementwise(len(y), 2, func(lo, hi int) {
		C.blas_axpy(active, C.int64_t(hi-lo), C.float(a), ptr(x[lo:]), ptr(y[lo:]))
	})
}
