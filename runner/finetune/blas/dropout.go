package blas

/*
#cgo noescape blas_dropout
#cgo nocallback blas_dropout
#include "kernels.h"
*/
import "C"

import "math/bits"

// Dropout is a mask that zeroes elements with probability P and multiplies the
// others by 1/(1-P). It is a function of Key and Step alone, the same under
// every kernel: nothing is drawn in advance or kept. The zero value drops
// nothing.
type Dropout struct {
	P         float64 // [0, 1)
	Key, Step uint64
}

// Threshold is the number below which a mask's 32-bit word drops its element.
func (d Dropout) Threshold() uint32 { return uint32(d.P * (1 << 32)) }

// Word is the random word of element i of a stream: a single mask is stream 0,
// attention has one stream for each pair of sequence and head. It is word
// i/16%4 of Philox4x32-10 (Salmon et al. 2011) at counter
// {16*(i/64) + i%16, stream, Step}: an order that fits vectors of any length.
func (d Dropout) Word(stream uint32, i int) uint32 {
	block := uint32(16*(i/64) + i%16)
	return philox(d.Key, [4]uint32{block, stream, uint32(d.Step), uint32(d.Step >> 32)})[i/16%4]
}

func philox(key uint64, c [4]uint32) [4]uint32 {
	k0, k1 := uint32(key), uint32(key>>32)
	for range 10 {
		h0, l0 := bits.Mul32(0xd2511f53, c[0])
		h1, l1 := bits.Mul32(0xcd9e8d57, c[2])
		c = [4]uint32{h1 ^ c[1] ^ k0, l1, h0 ^ c[3] ^ k1, l0}
		k0, k1 = k0+0x9e3779b9, k1+0xbb67ae85
	}
	return c
}

func (d Dropout) c() C.struct_dropout {
	return C.struct_dropout{
		threshold: C.uint32_t(d.Threshold()), scale: C.float(1 / (1 - d.P)),
		key: C.uint64_t(d.Key), step: C.uint64_t(d.Step),
	}
}

// Apply computes y = add + mask*x; add may be nil, y may be x or add.
func (d Dropout) Apply(x, add, y []float32) {
	check("dropout", len(y), x)
	if add != nil {
		check("dropout", len(y), add)
	}
	c := d.c()
	parallel(len(y), 64, 24*len(y), func(lo, hi int) {
		C.blas_dropout(active, &c, C.int64_t(lo), C.int64_t(hi), ptr(x), ptr(add), ptr(y))
	})
}
