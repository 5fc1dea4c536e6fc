package blas

/*
#cgo noescape blas_pack_b
#cgo nocallback blas_pack_b
#cgo noescape blas_packed_size
#cgo nocallback blas_packed_size
#include "kernels.h"
*/
import "C"

// Packed is a matrix op(B) in the order in which products read it. Packing costs
// as much as a product with a few rows; a layer whose weights are frozen packs
// once, one that is trained once a step, before its first product.
//
// The zero Packed is empty. One may be read by many goroutines at once.
type Packed struct {
	kern   *C.struct_kernels
	trans  bool
	k, n   int
	b      []float32
	ldb    int
	packed []float32
}

// Pack takes over op(B), k x n, with B's rows ldb apart. It reuses the memory of
// what was packed before. b must not change as long as the packed form is used.
func (w *Packed) Pack(transB bool, k, n int, b []float32, ldb int) {
	checkMatrix("b", transB, k, n, len(b), ldb)
	*w = Packed{kern: active, trans: transB, k: k, n: n, b: b, ldb: ldb, packed: w.packed}
	size := int(C.blas_packed_size(active, C.int64_t(n), C.int64_t(k)))
	if cap(w.packed) < size {
		w.packed = make([]float32, size)
	}
	w.packed = w.packed[:size]
	if size > 0 {
		C.blas_pack_b(active, flag(transB), C.int64_t(n), C.int64_t(k), ptr(b), C.int64_t(ldb), ptr(w.packed))
	}
}

// Gemm computes C = alpha*op(A)*op(B) + beta*C and what follows on it, bit for
// bit as GemmFinish does. op(A) is m x k.
func (w *Packed) Gemm(transA bool, m int, alpha float32, a []float32, lda int, beta float32, c []float32, ldc int, f Finish) {
	if w.kern == nil {
		panic("blas: product with an empty Packed")
	}
	multiply(product{w.kern, transA, w.trans, m, w.n, w.k, alpha, a, lda, w.b, w.ldb, w.packed, beta, c, ldc, f})
}
