package blas

/*
#cgo noescape blas_channel_sum
#cgo nocallback blas_channel_sum
#cgo noescape blas_channel_stats
#cgo nocallback blas_channel_stats
#cgo noescape blas_scale_shift
#cgo nocallback blas_scale_shift
#cgo noescape blas_norm_grad
#cgo nocallback blas_norm_grad
#cgo noescape blas_add_relu
#cgo nocallback blas_add_relu
#cgo noescape blas_relu
#cgo nocallback blas_relu
#cgo noescape blas_relu_grad
#cgo nocallback blas_relu_grad
#include "kernels.h"
*/
import "C"

import "fmt"

// check panics unless every slice holds n values; nil slices pass if optional.
func check(op string, n int, slices ...[]float32) {
	for i, s := range slices {
		if len(s) < n {
			panic(fmt.Sprintf("blas: %s: argument %d holds %d values, needs %d", op, i, len(s), n))
		}
	}
}

// shape describes images (rows, channels, hw) for C.
func shape(rows, channels, hw int) C.struct_planes {
	return C.struct_planes{rows: C.int64_t(rows), channels: C.int64_t(channels), hw: C.int64_t(hw)}
}

// perChannel divides the channels over goroutines.
func perChannel(rows, channels, hw int, f func(lo, hi C.int64_t)) {
	parallel(channels, 1, rows*channels*hw*8, func(lo, hi int) { f(C.int64_t(lo), C.int64_t(hi)) })
}

// channelSum adds up each channel of x (rows, channels, hw).
func channelSum(rows, channels, hw int, x, sum []float32) {
	s := shape(rows, channels, hw)
	perChannel(rows, channels, hw, func(lo, hi C.int64_t) {
		C.blas_channel_sum(active, &s, ptr(x), ptr(sum), lo, hi)
	})
}

// ChannelStats computes the mean and the biased variance (the sum of squared
// deviations over their number) of each channel of x (rows, channels, hw).
func ChannelStats(rows, channels, hw int, x, mean, variance []float32) {
	check("channel statistics", rows*channels*hw, x)
	check("channel statistics", channels, mean, variance)
	s := shape(rows, channels, hw)
	perChannel(rows, channels, hw, func(lo, hi C.int64_t) {
		C.blas_channel_stats(active, &s, ptr(x), ptr(mean), ptr(variance), lo, hi)
	})
}

// ScaleShift computes y = x*scale + shift with one scale and shift per channel
// of x (rows, channels, hw), then y = max(y, 0) if relu.
func ScaleShift(rows, channels, hw int, x, scale, shift []float32, relu bool, y []float32) {
	check("scale and shift", rows*channels*hw, x, y)
	check("scale and shift", channels, scale, shift)
	s := shape(rows, channels, hw)
	perChannel(rows, channels, hw, func(lo, hi C.int64_t) {
		C.blas_scale_shift(active, &s, ptr(x), ptr(scale), ptr(shift), flag(relu), ptr(y), lo, hi)
	})
}

// NormGrad is the gradient of y = act(gamma*(x-mean)*inv + beta) over images
// (Rows, Channels, HW), with inv = 1/sqrt(var+eps).
type NormGrad struct {
	Rows, Channels, HW int
	ReLU               bool // act is max(., 0); otherwise the identity
	Batch              bool // mean and inv are the batch's own, and depend on x
}

// Run writes the gradients that are not nil. With g = dy*act', n = Rows*HW and
// h = (x-mean)*inv: dbeta = sum g, dgamma = sum g*h, and
// dx = gamma*inv*(g - dbeta/n - h*dgamma/n), without the last two terms unless
// Batch (Ioffe and Szegedy 2015, section 3).
func (g NormGrad) Run(x, y, dy, mean, inv, gamma, dx, dgamma, dbeta []float32) {
	n := g.Rows * g.Channels * g.HW
	check("norm gradient", n, x, y, dy)
	check("norm gradient", g.Channels, mean, inv, gamma)
	if dx != nil {
		check("norm gradient dx", n, dx)
	}
	if dgamma != nil {
		check("norm gradient dgamma", g.Channels, dgamma)
	}
	if dbeta != nil {
		check("norm gradient dbeta", g.Channels, dbeta)
	}
	s := shape(g.Rows, g.Channels, g.HW)
	perChannel(g.Rows, g.Channels, g.HW, func(lo, hi C.int64_t) {
		C.blas_norm_grad(active, &s, flag(g.ReLU), flag(g.Batch), ptr(x), ptr(y), ptr(dy), ptr(mean), ptr(inv),
			ptr(gamma), ptr(dx), ptr(dgamma), ptr(dbeta), lo, hi)
	})
}

// AddReLU computes y = a + b, then y = max(y, 0) if relu.
func AddReLU(a, b []float32, relu bool, y []float32) {
	check("add", len(y), a, b)
	elementwise(len(y), 8, func(lo, hi int) {
		C.blas_add_relu(active, C.int64_t(hi-lo), ptr(a[lo:]), ptr(b[lo:]), flag(relu), ptr(y[lo:]))
	})
}

// ReLU computes y = max(x, 0).
func ReLU(x, y []float32) {
	check("relu", len(y), x)
	elementwise(len(y), 8, func(lo, hi int) {
		C.blas_relu(active, C.int64_t(hi-lo), ptr(x[lo:]), ptr(y[lo:]))
	})
}

// ReLUGrad computes dx = dy where y > 0, and 0 elsewhere.
func ReLUGrad(y, dy, dx []float32) {
	check("relu gradient", len(dx), y, dy)
	elementwise(len(dx), 8, func(lo, hi int) {
		C.blas_relu_grad(active, C.int64_t(hi-lo), ptr(y[lo:]), ptr(dy[lo:]), ptr(dx[lo:]))
	})
}
