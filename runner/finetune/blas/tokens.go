package blas

/*
#cgo noescape blas_tanh_gelu
#cgo nocallback blas_tanh_gelu
#cgo noescape blas_axpy
#cgo nocallback blas_axpy
#include "kernels.h"
*/
import "C"

// TanhGELU computes y = gelu(x + bias) for rows of len(bias) floats with the
// approximation of Hendrycks and Gimpel 2016 by a hyperbolic tangent. Unless
// slope is nil, it receives the derivative. Both results may be x itself.
func TanhGELU(rows int, x, bias, y, slope []float32) {
	cols := len(bias)
	check("gelu", rows*cols, x, y)
	if slope != nil {
		check("gelu slope", rows*cols, slope)
	}
	perRow(rows, cols, 24, func(lo, hi int) {
		C.blas_tanh_gelu(active, C.int64_t(hi-lo), C.int64_t(cols), ptr(x[lo*cols:]), ptr(bias),
			ptr(y[lo*cols:]), ptr(from(slope, lo*cols)))
	})
}

// Axpy computes y += a*x.
func Axpy(a float32, x, y []float32) {
	check("axpy", len(y), x)
	elementwise(len(y), 8, func(lo, hi int) {
		C.blas_axpy(active, C.int64_t(hi-lo), C.float(a), ptr(x[lo:]), ptr(y[lo:]))
	})
}
