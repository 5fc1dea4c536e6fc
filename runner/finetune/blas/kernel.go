package blas

/*
#cgo CFLAGS: -O3 -g0 -std=gnu11 -Wall
#cgo LDFLAGS: -lm
#cgo noescape blas_gemm
#cgo nocallback blas_gemm
#include "kernels.h"
*/
import "C"

import (
	"math"
	"time"
)

// active is the kernel in use; only tests change it after start.
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

// passes compares a small product, with edges on all sides, with plain loops.
func passes(k *C.struct_kernels) bool {
	const m, n, d = 11, 53, 19
	a, b, c := make([]float32, m*d), make([]float32, d*n), make([]float32, m*n)
	for i := range a {
		a[i] = float32(i%7) - 3
	}
	for i := range b {
		b[i] = float32(i%5) - 2
	}
	product{kern: k, m: m, n: n, k: d, alpha: 1, a: a, lda: d, b: b, ldb: n, c: c, ldc: n}.part(0, m, 0, n)
	for i := range m {
		for j := range n {
			want := float32(0) // small integers: exact in any order of additions
			for p := range d {
				want += a[i*d+p] * b[p*n+j]
			}
			if c[i*n+j] != want {
				return false
			}
		}
	}
	return true
}

// Kernel returns the name of the kernel in use: avx512, avx2, neon or portable.
func Kernel() string { return C.GoString(active.name) }

// use switches to the named kernel, for tests, and returns a function that
// switches back; ok is false where this CPU lacks it.
func use(name string) (restore func(), ok bool) {
	old := active
	for i := 0; ; i++ {
		k := C.blas_kernels(C.int(i))
		if k == nil {
			return func() {}, false
		}
		if C.GoString(k.name) == name {
			active = k
			return func() { active = old }, true
		}
	}
}

// Measure times matrix products of 256x256x256 on one goroutine for about 50
// milliseconds and returns the best rate in GFLOP/s (2*m*n*k operations each).
func Measure() (gflops float64) {
	const n = 256
	a, b, c := make([]float32, n*n), make([]float32, n*n), make([]float32, n*n)
	for i := range a {
		a[i], b[i] = float32(i%3), float32(i%5)
	}
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		t := time.Now()
		product{kern: active, m: n, n: n, k: n, alpha: 1, a: a, lda: n, b: b, ldb: n, c: c, ldc: n}.part(0, n, 0, n)
		gflops = math.Max(gflops, 2*n*n*n/float64(time.Since(t).Nanoseconds()))
	}
	return gflops
}
