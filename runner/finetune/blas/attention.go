package blas

/*
#cgo noescape blas_attend
#cgo nocallback blas_attend
#cgo noescape blas_attend_grad
#cgo nocallback blas_attend_grad
#include "kernels.h"
*/
import "C"

import "fmt"

// Attention is multi-head self-attention (Vaswani et al. 2017, section 3.2)
// over packed sequences: a token attends to the tokens of its own sequence, and
// nothing is computed for padding. A row of qkv is query, key and value of one
// token, Heads*Dim floats each.
type Attention struct {
	Heads, Dim int
	Scale      float32 // of the products, 1/sqrt(Dim) as a rule
	Causal     bool    // a token sees itself and those before it only
	Drop       Dropout // of the attention weights
}

// Forward computes out = softmax(Scale * Q K^T) V per sequence and head.
// Sequence s is the rows starts[s] to starts[s+1].
func (a Attention) Forward(starts []int32, qkv, out []float32) {
	a.check(starts, len(qkv), len(out))
	a.each(starts, 2, func(c *C.struct_attention, lo, hi C.int64_t, scratch []float32) {
		C.blas_attend(active, c, iptr(starts), lo, hi, ptr(qkv), ptr(out), ptr(scratch))
	})
}

// Backward computes dqkv from the gradient of out. The attention weights are
// computed again, which costs less than to keep them.
func (a Attention) Backward(starts []int32, qkv, dout, dqkv []float32) {
	a.check(starts, min(len(qkv), len(dqkv)), len(dout))
	a.each(starts, 6, func(c *C.struct_attention, lo, hi C.int64_t, scratch []float32) {
		C.blas_attend_grad(active, c, iptr(starts), lo, hi, ptr(qkv), ptr(dout), ptr(dqkv), ptr(scratch))
	})
}

// each divides the pairs of sequence and head over goroutines, each of which
// gets scratch memory.
func (a Attention) each(starts []int32, products int, f func(c *C.struct_attention, lo, hi C.int64_t, scratch []float32)) {
	longest, work := 0, 0
	for s := range len(starts) - 1 {
		n := int(starts[s+1] - starts[s])
		longest = max(longest, n)
		work += n * n
	}
	causal := flag(a.Causal)
	c := C.struct_attention{
		heads: C.int64_t(a.Heads), dim: C.int64_t(a.Dim), longest: C.int64_t(longest), causal: causal,
		scale: C.float(a.Scale), drop: a.Drop.c(),
	}
	parallel((len(starts)-1)*a.Heads, 1, work*a.Heads*a.Dim*products, func(lo, hi int) {
		s := borrow(int(C.attention_scratch(&c)))
		f(&c, C.int64_t(lo), C.int64_t(hi), s)
		giveBack(s)
	})
}

func (a Attention) check(starts []int32, qkv, out int) {
	rows, width := 0, a.Heads*a.Dim
	if len(starts) > 0 {
		rows = int(starts[len(starts)-1])
	}
	ok := len(starts) > 0 && starts[0] == 0 && width > 0 && qkv >= 3*rows*width && out >= rows*width
	for s := 1; s < len(starts); s++ {
		ok = ok && starts[s] > starts[s-1]
	}
	if !ok {
		panic(fmt.Sprintf("blas: attention %+v: starts %v with %d and %d values do not fit", a, starts, qkv, out))
	}
}
