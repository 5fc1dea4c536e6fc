package blas

/*
#cgo noescape blas_gelu
#cgo nocallback blas_gelu
#cgo noescape blas_gelu_grad
#cgo nocallback blas_gelu_grad
#cgo noescape blas_mul
#cgo nocallback blas_mul
#cgo noescape blas_tanh
#cgo nocallback blas_tanh
#cgo noescape blas_tanh_grad
#cgo nocallback blas_tanh_grad
#include "kernels.h"
*/
import "C"

// The functions of this file work on len(y) (or len(dx)) values; the other
// slices must be at least as long, and an output may be one of the inputs.

// elementwise divides n values, each of which takes as long as work
// multiplications of a matrix product, some 20 picoseconds each, over goroutines.
func elementwise(n, work int, f func(lo, hi int)) { parallel(n, 64, n*work, f) }

// GELU computes y = x*Phi(x), where Phi is the distribution function of the
// standard normal (Hendrycks and Gimpel 2016, the exact form), and its
// derivative, Phi(x) + x*phi(x), into slope if that is not nil: then the
// gradient is Mul(dy, slope, dx), and x need not be kept. Relative to the
// result the error is below 1e-6 (1e-5 where |y| < 1e-4).
func GELU(x, y, slope []float32) {
	check("gelu", len(y), x)
	if slope != nil {
		check("gelu slope", len(y), slope)
	}
	elementwise(len(y), 24, func(lo, hi int) {
		C.blas_gelu(active, C.int64_t(hi-lo), ptr(x[lo:]), ptr(y[lo:]), ptr(from(slope, lo)))
	})
}

// from is x[lo:], or nil for nil.
func from(x []float32, lo int) []float32 {
	if x == nil {
		return nil
	}
	return x[lo:]
}

// GELUGrad computes dx = dy*(Phi(x) + x*phi(x)).
func GELUGrad(x, dy, dx []float32) {
	check("gelu gradient", len(dx), x, dy)
	elementwise(len(dx), 24, func(lo, hi int) {
		C.blas_gelu_grad(active, C.int64_t(hi-lo), ptr(x[lo:]), ptr(dy[lo:]), ptr(dx[lo:]))
	})
}

// Mul computes y = a*b.
func Mul(a, b, y []float32) {
	check("multiply", len(y), a, b)
	elementwise(len(y), 8, func(lo, hi int) {
		C.blas_mul(active, C.int64_t(hi-lo), ptr(a[lo:]), ptr(b[lo:]), ptr(y[lo:]))
	})
}

// Tanh computes y = tanh(x), with a relative error below 5e-7.
func Tanh(x, y []float32) {
	check("tanh", len(y), x)
	elementwise(len(y), 16, func(lo, hi int) {
		C.blas_tanh(active, C.int64_t(hi-lo), ptr(x[lo:]), ptr(y[lo:]))
	})
}

// TanhGrad computes dx = dy*(1 - y*y) from y = tanh(x).
func TanhGrad(y, dy, dx []float32) {
	check("tanh gradient", len(dx), y, dy)
	elementwise(len(dx), 8, func(lo, hi int) {
		C.blas_tanh_grad(active, C.int64_t(hi-lo), ptr(y[lo:]), ptr(dy[lo:]), ptr(dx[lo:]))
	})
}
