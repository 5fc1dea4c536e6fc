package blas

/*
#cgo noescape blas_conv_run
#cgo nocallback blas_conv_run
#cgo noescape blas_conv_weights
#cgo nocallback blas_conv_weights
#cgo noescape conv_spread
#cgo nocallback conv_spread
#cgo noescape conv_collect
#cgo nocallback conv_collect
#cgo noescape conv_pack
#cgo nocallback conv_pack
#include "kernels.h"
*/
import "C"

import "fmt"

// Conv is a convolution of one geometry with its buffers. It works directly on
// padded copies of the images ("implicit" im2col): a tile of 4 channels by 24
// pixels is summed in registers over all taps, and each tap is a constant
// offset in the padded image, so that no column matrix is ever built.
//
// A Conv must not be used by two goroutines at once.
type Conv struct {
	s       ConvShape
	fwd     plan
	inLay   C.struct_layout
	x       []float32 // padded input of the last Forward
	back    []plan
	gradLay C.struct_layout
	dy      []float32 // padded output gradient
	flatLay C.struct_layout
	flat    []float32 // output gradient in the forward raster, where that is not exact
	tmp     []float32 // results of passes that are not direct
}

// NewConv prepares a convolution. Memory for gradients is allocated at the
// first Backward.
func NewConv(s ConvShape) (*Conv, error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	c := &Conv{s: s}
	c.fwd, c.inLay = forwardPlan(s)
	c.x = make([]float32, s.Batch*int(c.inLay.dst_stride))
	return c, nil
}

// Forward computes y = conv(x, w) + bias for the first rows images; bias may
// be nil. It keeps a copy of x for Backward.
func (c *Conv) Forward(rows int, x, w, bias, y []float32) {
	s := c.s
	c.check(rows, "x", len(x), rows*s.InC*s.H*s.W)
	c.check(rows, "w", len(w), s.OutC*s.InC*s.KH*s.KW)
	c.check(rows, "y", len(y), rows*s.OutC*s.OutH()*s.OutW())
	if bias != nil {
		c.check(rows, "bias", len(bias), s.OutC)
	}
	c.pack(&c.fwd, w)
	c.reserve(&c.fwd)
	parallel(rows, 1, rows*s.Flops()/2, func(lo, hi int) {
		C.conv_spread(&c.inLay, ptr(x), ptr(c.x), C.int64_t(lo), C.int64_t(hi))
		c.pass(&c.fwd, bias, c.x, y, lo, hi)
	})
}

// Backward computes those gradients that are not nil: with respect to the x of
// the last Forward, to w and to bias. dy is the gradient of y.
func (c *Conv) Backward(rows int, w, dy, dx, dw, db []float32) {
	s := c.s
	c.check(rows, "w", len(w), s.OutC*s.InC*s.KH*s.KW)
	c.check(rows, "dy", len(dy), rows*s.OutC*s.OutH()*s.OutW())
	if dx != nil {
		c.check(rows, "dx", len(dx), rows*s.InC*s.H*s.W)
		c.input(rows, w, dy, dx)
	}
	if dw != nil {
		c.check(rows, "dw", len(dw), len(w))
		c.weights(rows, dy, dw)
	}
	if db != nil {
		c.check(rows, "db", len(db), s.OutC)
		channelSum(rows, s.OutC, s.OutH()*s.OutW(), dy, db)
	}
}

func (c *Conv) check(rows int, name string, have, want int) {
	if rows < 1 || rows > c.s.Batch || have < want {
		panic(fmt.Sprintf("blas: convolution %+v: %d rows, %s holds %d values, needs %d", c.s, rows, name, have, want))
	}
}

// pack brings the weights into the order in which a pass reads them.
func (c *Conv) pack(p *plan, w []float32) {
	if len(p.packed) > 0 {
		C.conv_pack(C.int64_t(p.pass.outc), C.int64_t(p.pass.taps), C.int64_t(p.row), iptr(p.tap), ptr(w), ptr(p.packed))
	}
}

// reserve makes room for the results of a pass that is not direct.
func (c *Conv) reserve(p *plan) {
	if n := c.s.Batch * int(p.pass.dst_stride); !p.direct && len(c.tmp) < n {
		c.tmp = make([]float32, n)
	}
}

// pass runs a pass for images lo to hi and puts its results in place.
func (c *Conv) pass(p *plan, bias, src, dst []float32, lo, hi int) {
	to := dst
	if !p.direct {
		to = c.tmp
	}
	C.blas_conv_run(active, &p.pass, iptr(p.koff), iptr(p.off), ptr(p.packed), ptr(bias), ptr(src), ptr(to), C.int64_t(lo), C.int64_t(hi))
	if !p.direct {
		C.conv_collect(&p.grid, ptr(to), ptr(dst), C.int64_t(lo), C.int64_t(hi))
	}
}

// input computes dx: a convolution of the zero-padded dy with the transposed
// weights, once per phase of a strided convolution.
func (c *Conv) input(rows int, w, dy, dx []float32) {
	if c.back == nil {
		c.back, c.gradLay = inputPlans(c.s)
		c.dy = make([]float32, c.s.Batch*int(c.gradLay.dst_stride))
	}
	for i := range c.back {
		c.pack(&c.back[i], w)
		c.reserve(&c.back[i])
	}
	parallel(rows, 1, rows*c.s.Flops()/2, func(lo, hi int) {
		C.conv_spread(&c.gradLay, ptr(dy), ptr(c.dy), C.int64_t(lo), C.int64_t(hi))
		for i := range c.back {
			c.pass(&c.back[i], nil, c.dy, dx, lo, hi)
		}
	})
}

// weights computes dw. The tiles of dw are divided over goroutines, and each
// sums over the images in order: there are no partial sums to combine.
func (c *Conv) weights(rows int, dy, dw []float32) {
	p := &c.fwd
	if !p.r.exact() {
		dy = c.flatten(rows, dy)
	}
	clear(dw)
	tiles := (c.s.OutC + C.CONV_MR - 1) / C.CONV_MR * ((len(p.koff) + 2) / 3)
	parallel(tiles, 1, rows*c.s.Flops()/2, func(lo, hi int) {
		C.blas_conv_weights(active, &p.pass, iptr(p.koff), iptr(p.off), ptr(c.x), ptr(dy), ptr(dw), C.int64_t(rows), C.int64_t(lo), C.int64_t(hi))
	})
}

// flatten copies dy into the forward raster; the pixels that pad it stay zero.
func (c *Conv) flatten(rows int, dy []float32) []float32 {
	p := &c.fwd
	if c.flat == nil {
		c.flat = make([]float32, c.s.Batch*int(p.pass.dst_stride))
		c.flatLay = C.struct_layout{
			channels: C.int64_t(c.s.OutC), h: C.int64_t(p.r.h), w: C.int64_t(p.r.w),
			src_stride: C.int64_t(c.s.OutC * p.r.h * p.r.w), dst_stride: p.pass.dst_stride,
			dst_plane: p.pass.plane, row: C.int64_t(p.r.wp), phases: 1,
		}
	}
	C.conv_spread(&c.flatLay, ptr(dy), ptr(c.flat), 0, C.int64_t(rows))
	return c.flat
}

// iptr returns the address of x's first element for C, nil for an empty slice.
func iptr(x []int32) *C.int32_t {
	if len(x) == 0 {
		return nil
	}
	return (*C.int32_t)(&x[0])
}
