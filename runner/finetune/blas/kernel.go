package blas

/*
#cgo CFLAGS: -O3 -g0 -std=gnu11 -Wall
#cgo LDFLAGS: -lm
#include "kernels.h"
*/
import "C"

import (
	"math"
	"time"
)

// active is the kernel in use; only Choose and tests change it after start.
var active = choose()

// choose returns the first kernel for this CPU that computes correctly, so
// that a miscompiled or misdetected one costs speed and not results. The
// portable kernel, last in the list, is taken unseen.
func choose() *C.struct_kernels {
	for i := 0; ; i++ {
		k := C.blas_kernels(C.int(i))
		if C.blas_kernels(C.int(i+1)) == nil || passes(k) {
			return k
		}
	}
}

// GemmFunc computes C = alpha*op(A)*op(B) + beta*C, as Gemm does.
type GemmFunc func(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int)

// gemmBy returns products by k on one goroutine.
func gemmBy(kern *C.struct_kernels) GemmFunc {
	return func(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
		product{kern, transA, transB, m, n, k, alpha, a, lda, b, ldb, nil, beta, c, ldc, Finish{}}.own(0, m, 0, n)
	}
}

// passes compares a small product, with edges on all sides, with plain loops.
func passes(k *C.struct_kernels) bool { return sameProducts(11, 53, 19, false, false, gemmBy(k)) }

// Kernel returns the name of the kernel in use: avx512, avx2, neon or portable.
func Kernel() string { return C.GoString(active.name) }

// find returns the named kernel, nil where this CPU lacks it.
func find(name string) *C.struct_kernels {
	for i := 0; ; i++ {
		if k := C.blas_kernels(C.int(i)); k == nil || C.GoString(k.name) == name {
			return k
		}
	}
}

// Measure times products of 256x256x256 by f, or by the own kernels if f is nil,
// on one goroutine for about 50 milliseconds, at least ten times, and returns the best rate in
// GFLOP/s (2*m*n*k operations each).
func Measure(f GemmFunc) (gflops float64) {
	const n = 256
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%3), float32(i%5)
	}
	if f == nil {
		f = gemmBy(active)
	}
	start := time.Now()
	for i := 0; i < 10 || time.Since(start) < 50*time.Millisecond; i++ {
		t := time.Now()
		f(false, false, n, n, n, 1, a, n, b, n, 0, c, n)
		gflops = math.Max(gflops, 2*n*n*n/float64(time.Since(t).Nanoseconds()))
	}
	return gflops
}
