package blas

/*
#cgo noescape blas_adamw
#cgo nocallback blas_adamw
#cgo noescape blas_sum_squares
#cgo nocallback blas_sum_squares
#include "kernels.h"
*/
import "C"

import "math"

// AdamW is one step of the optimizer of Loshchilov and Hutter (2019), with
// weight decay apart from the gradient.
type AdamW struct {
	LR, Beta1, Beta2, Epsilon float64
	Decay                     float64 // per step the weight shrinks by LR*Decay
	Step                      int     // 1 for the first step
	Scale                     float64 // of the gradient: below 1 where it is clipped
}

// Run moves the weights w along the gradient g and updates the moments m and v,
// all of len(w).
func (a AdamW) Run(w, g, m, v []float32) {
	check("adamw", len(w), g, m, v)
	if len(w) <= stepChunk { // nothing is allocated here
		s := a.factors()
		C.blas_adamw(active, &s, C.int64_t(len(w)), ptr(w), ptr(g), ptr(m), ptr(v))
		return
	}
	s := a.factors()
	elementwise(len(w), 10, func(lo, hi int) {
		C.blas_adamw(active, &s, C.int64_t(hi-lo), ptr(w[lo:]), ptr(g[lo:]), ptr(m[lo:]), ptr(v[lo:]))
	})
}

func (a AdamW) factors() C.struct_adamw_step {
	return C.struct_adamw_step{
		scale: C.float(a.Scale),
		beta1: C.float(a.Beta1), rest1: C.float(1 - a.Beta1),
		beta2: C.float(a.Beta2), rest2: C.float(1 - a.Beta2),
		keep: C.float(1 - a.LR*a.Decay),
		rate: C.float(a.LR / (1 - math.Pow(a.Beta1, float64(a.Step)))),
		root: C.float(1 / math.Sqrt(1-math.Pow(a.Beta2, float64(a.Step)))),
		eps:  C.float(a.Epsilon),
	}
}

// stepChunk values are one goroutine's work.
const stepChunk = 1 << 16

// SumSquares returns the sum of the squares of x. It is infinite where a square
// is beyond float32, from 1.8e19 on.
func SumSquares(x []float32) float64 {
	if len(x) <= stepChunk {
		return float64(C.blas_sum_squares(active, C.int64_t(len(x)), ptr(x)))
	}
	part := make([]float64, (len(x)+stepChunk-1)/stepChunk)
	parallel(len(part), 1, len(x)/4, func(lo, hi int) {
		for i := lo; i < hi; i++ {
			c := x[i*stepChunk : min((i+1)*stepChunk, len(x))]
			part[i] = float64(C.blas_sum_squares(active, C.int64_t(len(c)), ptr(c)))
		}
	})
	sum := 0.0
	for _, p := range part {
		sum += p
	}
	return sum
}
