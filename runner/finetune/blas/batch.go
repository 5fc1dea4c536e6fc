package blas

/*
#cgo noescape blas_gemm_batch
#cgo nocallback blas_gemm_batch
#include "kernels.h"
*/
import "C"

// Batch is a grid of Outer x Inner products of one shape. Matrix (o, i) begins
// at o*Outer + i*Inner of its slice's strides: the heads of attention are read
// and written where they lie, in (batch, sequence, heads*size), with Outer
// counting examples and Inner heads.
type Batch struct {
	Outer, Inner int
	A, B, C      Strides
}

// Strides are distances, in values, between the first values of matrices.
type Strides struct{ Outer, Inner int }

// last is where the last matrix of the batch begins.
func (s Strides) last(b Batch) int { return (b.Outer-1)*s.Outer + (b.Inner-1)*s.Inner }

// Gemm computes each product as blas.Gemm does. Different products must write
// different values.
func (b Batch) Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, x []float32, ldx int, beta float32, c []float32, ldc int) {
	if b.Outer < 1 || b.Inner < 1 {
		return
	}
	checkMatrix("a", transA, m, k, len(a)-b.A.last(b), lda)
	checkMatrix("b", transB, k, n, len(x)-b.B.last(b), ldx)
	checkMatrix("c", false, m, n, len(c)-b.C.last(b), ldc)
	if m == 0 || n == 0 {
		return
	}
	all := b.Outer * b.Inner
	parallel(all, 1, all*m*n*k, func(lo, hi int) {
		s := borrow(C.BLAS_SCRATCH)
		C.blas_gemm_batch(active, flag(transA), flag(transB), C.int64_t(m), C.int64_t(n), C.int64_t(k), C.float(alpha),
			ptr(a), C.int64_t(lda), ptr(x), C.int64_t(ldx), C.float(beta), ptr(c), C.int64_t(ldc), C.int64_t(b.Inner),
			C.int64_t(b.A.Outer), C.int64_t(b.A.Inner), C.int64_t(b.B.Outer), C.int64_t(b.B.Inner),
			C.int64_t(b.C.Outer), C.int64_t(b.C.Inner), C.int64_t(lo), C.int64_t(hi), ptr(s))
		giveBack(s)
	})
}
