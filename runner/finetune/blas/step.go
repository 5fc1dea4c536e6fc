package blas

/*
#cgo noescape blas_adamw
#cgo nocallback blas_adamw
#cgo noescape blas_sgd
#cgo nocallback blas_sgd
#cgo noescape blas_lion
#cgo nocallback blas_lion
#cgo noescape blas_blend
#cgo nocallback blas_blend
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
	elementwise(len(w), 16, func(lo, hi int) {
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

// SGD is one step of gradient descent with momentum: v = Momentum*v + g +
// Decay*w, and w moves by -LR*v, or with Nesterov by -LR*(g + Decay*w +
// Momentum*v).
type SGD struct {
	LR, Momentum, Decay float64
	Nesterov            bool
	Scale               float64 // of the gradient: below 1 where it is clipped
}

// Run moves the weights w along the gradient g and updates the velocity v, all
// of len(w).
func (s SGD) Run(w, g, v []float32) {
	check("sgd", len(w), g, v)
	c := C.struct_sgd_step{
		scale: C.float(s.Scale), momentum: C.float(s.Momentum), decay: C.float(s.Decay), rate: C.float(s.LR),
		nesterov: flag(s.Nesterov),
	}
	elementwise(len(w), 8, func(lo, hi int) {
		C.blas_sgd(active, &c, C.int64_t(hi-lo), ptr(w[lo:]), ptr(g[lo:]), ptr(v[lo:]))
	})
}

// Lion is one step of the optimizer of Chen et al. (2023, algorithm 2): w moves
// by -LR*(sign(Beta1*m + (1-Beta1)*g) + Decay*w), and m follows g by Beta2.
type Lion struct {
	LR, Beta1, Beta2, Decay float64
	Scale                   float64 // of the gradient: below 1 where it is clipped
}

// Run moves the weights w along the gradient g and updates the mean m, all of
// len(w).
func (l Lion) Run(w, g, m []float32) {
	check("lion", len(w), g, m)
	s := C.struct_adamw_step{
		scale: C.float(l.Scale),
		beta1: C.float(l.Beta1), rest1: C.float(1 - l.Beta1),
		beta2: C.float(l.Beta2), rest2: C.float(1 - l.Beta2),
		keep: C.float(1 - l.LR*l.Decay), rate: C.float(l.LR),
	}
	elementwise(len(w), 8, func(lo, hi int) {
		C.blas_lion(active, &s, C.int64_t(hi-lo), ptr(w[lo:]), ptr(g[lo:]), ptr(m[lo:]))
	})
}

// Blend moves y towards x: y += a*(x - y).
func Blend(a float64, x, y []float32) {
	check("blend", len(y), x)
	elementwise(len(y), 8, func(lo, hi int) {
		C.blas_blend(active, C.int64_t(hi-lo), C.float(a), ptr(x[lo:]), ptr(y[lo:]))
	})
}

// SumSquares returns the sum of the squares of x. It is infinite where a square
// is beyond float32, from 1.8e19 on.
func SumSquares(x []float32) float64 {
	if len(x) <= stepChunk {
		return float64(C.blas_sum_squares(active, C.int64_t(len(x)), ptr(x)))
	}
	part := make([]float64, (len(x)+stepChunk-1)/stepChunk)
	parallel(len(part), 1, 4*len(x), func(lo, hi int) {
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
