package blas

/*
#cgo noescape blas_gemm
#cgo nocallback blas_gemm
#cgo noescape blas_finish
#cgo nocallback blas_finish
#include "kernels.h"
*/
import "C"

import (
	"fmt"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Gemm computes C = alpha*op(A)*op(B) + beta*C in float32, where op(X) is X or,
// if its trans flag is set, X transposed. op(A) is m x k, op(B) is k x n and C
// is m x n, all row-major with the given distances between rows. With beta 0,
// C is not read. It panics if a slice is too short for its matrix.
func Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	GemmFinish(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc, Finish{})
}

// Finish says what follows on a product C, in this order, while it is in the
// cache: C += Bias; C = gelu(C); C += Add; C *= Times, value by value.
type Finish struct {
	Bias  []float32 // (n), added to every row; nil: none
	GELU  bool
	Slope []float32 // receives the derivative of GELU; nil: not wanted
	Add   []float32 // nil: none
	Times []float32 // nil: none
	// Slope, Add and Times are m x n, and their rows as far apart as C's.
}

// check panics unless everything fits a product of m x n.
func (f Finish) check(m, n, ldc int) {
	if f.Bias != nil {
		check("bias", n, f.Bias)
	}
	if f.Slope != nil {
		checkMatrix("slope", false, m, n, len(f.Slope), ldc)
	}
	if f.Add != nil {
		checkMatrix("add", false, m, n, len(f.Add), ldc)
	}
	if f.Times != nil {
		checkMatrix("times", false, m, n, len(f.Times), ldc)
	}
}

// GemmFinish is Gemm with what follows on it.
func GemmFinish(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int, f Finish) {
	checkMatrix("b", transB, k, n, len(b), ldb)
	multiply(product{active, transA, transB, m, n, k, alpha, a, lda, b, ldb, nil, beta, c, ldc, f})
}

// product is the call of a matrix product; packed is nil or holds op(b).
type product struct {
	kern           *C.struct_kernels
	transA, transB bool
	m, n, k        int
	alpha          float32
	a              []float32
	lda            int
	b              []float32
	ldb            int
	packed         []float32
	beta           float32
	c              []float32
	ldc            int
	after          Finish
}

// multiply checks the arguments but b, and computes.
func multiply(p product) {
	checkMatrix("a", p.transA, p.m, p.k, len(p.a), p.lda)
	checkMatrix("c", false, p.m, p.n, len(p.c), p.ldc)
	p.after.check(p.m, p.n, p.ldc)
	if p.m > 0 && p.n > 0 {
		p.split()
	}
}

// split divides C over goroutines. Each value of C is summed by one of them,
// in the same order as by a single one.
func (p product) split() {
	width := 3 * int(p.kern.vw)
	cols, rows := p.grid(width)
	if cols*rows == 1 {
		p.part(0, p.m, 0, p.n)
		return
	}
	panels := (p.n + width - 1) / width
	height := ((p.m+rows-1)/rows + 7) / 8 * 8
	run(cols*rows, func(task int) {
		i, j := task/cols*height, task%cols
		if i < p.m {
			p.part(i, min(i+height, p.m), j*panels/cols*width, min((j+1)*panels/cols*width, p.n))
		}
	})
}

// grid returns into how many parts C's columns and rows are divided.
func (p product) grid(width int) (cols, rows int) {
	threads, panels, most := Threads(), (p.n+width-1)/width, p.m*p.n*p.k/smallest
	if threads == 1 || most < 2 {
		return 1, 1
	}
	if p.transA { // each part packs its part of both operands: as few as possible, along the longer side
		parts := min(threads, most)
		if p.m > p.n {
			return 1, min(parts, (p.m+63)/64)
		}
		cols = min(parts, panels)
		return cols, min(parts/cols, (p.m+63)/64)
	}
	// Columns cost nothing extra, so that more parts than threads even out, even
	// if a thread is held up. Where columns are few, rows are divided, too.
	cols = min(panels, most, 8*threads)
	if groups := (panels + C.BLAS_GROUP - 1) / C.BLAS_GROUP; groups >= threads {
		cols = min(groups, cols)
	}
	return cols, max(1, min((2*threads+cols-1)/cols, most/cols, (p.m+63)/64))
}

// part computes rows i0 to i1 of columns j0 to j1 on the calling goroutine.
func (p product) part(i0, i1, j0, j1 int) {
	if l := library.Load(); l != nil && p.k > 0 && p.alpha != 0 {
		p.other(l, i0, i1, j0, j1)
	} else {
		p.own(i0, i1, j0, j1)
	}
}

// own is part by the own kernels.
func (p product) own(i0, i1, j0, j1 int) {
	s, f := borrow(C.BLAS_SCRATCH), p.after
	C.blas_gemm(p.kern, flag(p.transA), flag(p.transB), C.int64_t(p.m), C.int64_t(p.n), C.int64_t(p.k),
		C.float(p.alpha), ptr(p.a), C.int64_t(p.lda), ptr(p.b), C.int64_t(p.ldb), ptr(p.packed), C.float(p.beta), ptr(p.c),
		C.int64_t(p.ldc), ptr(f.Bias), ptr(f.Add), ptr(f.Times), ptr(f.Slope), flag(f.GELU),
		C.int64_t(i0), C.int64_t(i1), C.int64_t(j0), C.int64_t(j1), ptr(s))
	giveBack(s)
}

// other is part by a library; what follows on the product is ours.
func (p product) other(l *Library, i0, i1, j0, j1 int) {
	f, at := p.after, i0*p.ldc+j0
	l.Gemm(p.transA, p.transB, i1-i0, j1-j0, p.k, p.alpha, p.a[i0*stride(p.transA, p.lda):], p.lda,
		p.b[j0*stride(!p.transB, p.ldb):], p.ldb, p.beta, p.c[at:], p.ldc)
	C.blas_finish(p.kern, ptr(f.Bias), ptr(f.Add), ptr(f.Times), ptr(f.Slope), flag(f.GELU), C.int64_t(i1-i0),
		C.int64_t(j1-j0), ptr(p.c), C.int64_t(p.ldc), C.int64_t(at), C.int64_t(j0))
}

// stride is the distance between neighbours along a matrix's own rows, or
// between its rows.
func stride(within bool, ld int) int {
	if within {
		return 1
	}
	return ld
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
