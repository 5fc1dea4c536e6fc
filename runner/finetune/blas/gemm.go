package blas

/*
#include "kernels.h"
*/
import "C"

import (
	"fmt"
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Gemm computes C = alpha*op(A)*op(B) + beta*C in float32, where op(X) is X or,
// if its trans flag is set, X transposed. op(A) is m x k, op(B) is k x n and C
// is m x n, all row-major with the given distances between rows. With beta 0,
// C is not read. It panics if a slice is too short for its matrix.
func Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	checkMatrix("a", transA, m, k, len(a), lda)
	checkMatrix("b", transB, k, n, len(b), ldb)
	checkMatrix("c", false, m, n, len(c), ldc)
	switch {
	case m == 0 || n == 0:
	case k == 0 || alpha == 0:
		for i := range m {
			for j := range n {
				c[i*ldc+j] = scaled(beta, c[i*ldc+j])
			}
		}
	default:
		split(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	}
}

// scaled returns beta*c without reading a possible NaN when beta is 0.
func scaled(beta, c float32) float32 {
	if beta == 0 {
		return 0
	}
	return beta * c
}

// split divides the longer side of C over goroutines. Each value of C is
// summed by one of them, in the same order as by a single one.
func split(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	tile := int(active.nr) // a multiple of mr
	if n >= m {
		parallel(n, tile, m*n*k, func(lo, hi int) {
			gemm(active, transA, transB, m, hi-lo, k, alpha, a, lda, b[lo*stride(!transB, ldb):], ldb, beta, c[lo:], ldc)
		})
		return
	}
	parallel(m, tile, m*n*k, func(lo, hi int) {
		gemm(active, transA, transB, hi-lo, n, k, alpha, a[lo*stride(transA, lda):], lda, b, ldb, beta, c[lo*ldc:], ldc)
	})
}

// stride is the distance between neighbours along a matrix's own rows, or
// between its rows.
func stride(within bool, ld int) int {
	if within {
		return 1
	}
	return ld
}

// gemm runs one product on the calling goroutine; all sizes are positive.
func gemm(kern *C.struct_kernels, transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	s := borrow(int(C.blas_pack_a_size(kern, C.int64_t(m), C.int64_t(k))), int(C.blas_pack_b_size(kern, C.int64_t(n), C.int64_t(k))))
	C.blas_gemm(kern, flag(transA), flag(transB), C.int64_t(m), C.int64_t(n), C.int64_t(k),
		C.float(alpha), ptr(a), C.int64_t(lda), ptr(b), C.int64_t(ldb), C.float(beta), ptr(c), C.int64_t(ldc),
		ptr(s.a), ptr(s.b))
	s.giveBack()
}

func flag(b bool) C.int {
	if b {
		return 1
	}
	return 0
}

// ptr returns the address of x's first element for C, nil for an empty slice.
func ptr(x []float32) *C.float {
	if len(x) == 0 {
		return nil
	}
	return (*C.float)(&x[0])
}

// checkMatrix panics unless n elements hold op(X) of rows x cols.
func checkMatrix(name string, trans bool, rows, cols, n, ld int) {
	if trans {
		rows, cols = cols, rows
	}
	if rows < 0 || cols < 0 || ld < max(1, cols) || (rows > 0 && cols > 0 && n < (rows-1)*ld+cols) {
		panic(fmt.Sprintf("blas: matrix %s of %d x %d with rows %d apart does not fit %d elements", name, rows, cols, ld, n))
	}
}

// scratch is the packing memory of one running product.
type scratch struct{ a, b []float32 }

// idle holds scratch between products: as many as ever ran at once.
var idle struct {
	sync.Mutex
	list []*scratch
}

// borrow returns scratch of at least the given sizes.
func borrow(a, b int) *scratch {
	idle.Lock()
	s := &scratch{}
	if n := len(idle.list); n > 0 {
		s, idle.list = idle.list[n-1], idle.list[:n-1]
	}
	idle.Unlock()
	if len(s.a) < a {
		s.a = make([]float32, a)
	}
	if len(s.b) < b {
		s.b = make([]float32, b)
	}
	return s
}

func (s *scratch) giveBack() {
	idle.Lock()
	idle.list = append(idle.list, s)
	idle.Unlock()
}

// Gemm64 is Gemm in float64, by gonum. It serves the checks of the float32
// path, not training.
func Gemm64(transA, transB bool, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	op := func(trans bool) blas.Transpose {
		if trans {
			return blas.Trans
		}
		return blas.NoTrans
	}
	blas64.Implementation().Dgemm(op(transA), op(transB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}
