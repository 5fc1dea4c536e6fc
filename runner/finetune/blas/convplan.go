package blas

/*
#include "kernels.h"
*/
import "C"

// plan is one pass of conv_run with its tables: a convolution with stride 1
// over prepared images. A strided convolution becomes one by sorting the image's
// columns by phase; the input gradient of one becomes one per phase of the
// input pixels.
type plan struct {
	pass   C.struct_conv_pass
	r      raster
	koff   []int32 // per tap, its place in the source relative to the pixel
	off    []int32 // per run of pixels, its place in the source
	tap    []int32 // per tap, its place in the weights relative to the row
	row    int     // distance of the rows in the weights
	packed []float32
	direct bool // the target needs no conv_collect
	grid   C.struct_grid
}

// setTarget completes the pass for images of outc channels that are collected
// into (or, if direct, are) plain images of dstH x dstW.
func (p *plan) setTarget(outc, dstH, dstW int) {
	n := p.r.pixels()
	p.pass.taps, p.pass.outc = C.int32_t(len(p.koff)), C.int32_t(outc)
	p.pass.vecs, p.pass.split = C.int32_t(n/8), C.int32_t(flag(p.r.split))
	p.pass.plane, p.pass.dst_stride = C.int64_t(n), C.int64_t(n*outc)
	p.packed = make([]float32, (outc+C.CONV_MR-1)/C.CONV_MR*C.CONV_MR*len(p.koff))
	p.grid = C.struct_grid{
		channels: C.int64_t(outc), h: C.int64_t(p.r.h), w: C.int64_t(p.r.w),
		src_stride: p.pass.dst_stride, plane: p.pass.plane, src_row: C.int64_t(p.r.wp),
		dst_stride: C.int64_t(outc * dstH * dstW), dst_h: C.int64_t(dstH), dst_w: C.int64_t(dstW),
		row_step: 1, col_step: 1,
	}
}

// forwardPlan prepares y = conv(x, w), and the layout of the padded x.
func forwardPlan(s ConvShape) (plan, C.struct_layout) {
	r := newRaster(s.OutH(), s.OutW())
	rows := max(s.H+s.PadTop+s.PadBottom, (r.hp-1)*s.StrideH+s.KH)
	cols := max(s.W+s.PadLeft+s.PadRight, (r.wp-1)*s.StrideW+s.KW)
	phase := (cols + s.StrideW - 1) / s.StrideW
	row := phase * s.StrideW
	p := plan{r: r, off: r.offsets(s.StrideH * row), row: s.InC * s.KH * s.KW, direct: r.exact()}
	for c := range s.InC {
		for kh := range s.KH {
			for kw := range s.KW {
				p.koff = append(p.koff, int32((c*rows+kh)*row+kw%s.StrideW*phase+kw/s.StrideW))
				p.tap = append(p.tap, int32(len(p.tap)))
			}
		}
	}
	p.setTarget(s.OutC, s.OutH(), s.OutW())
	p.pass.src_stride = C.int64_t(s.InC * rows * row)
	return p, C.struct_layout{
		channels: C.int64_t(s.InC), h: C.int64_t(s.H), w: C.int64_t(s.W),
		src_stride: C.int64_t(s.InC * s.H * s.W), dst_stride: p.pass.src_stride,
		dst_plane: C.int64_t(rows * row), row: C.int64_t(row), first: C.int64_t(s.PadTop * row),
		phases: C.int64_t(s.StrideW), phase: C.int64_t(phase), left: C.int64_t(s.PadLeft),
	}
}

// tapShift is a kernel element k and the shift d of the output pixel it reaches:
// input pixel a*stride + phase receives from output pixel a + d through k.
type tapShift struct{ k, d int }

// shifts lists the kernel elements that reach one phase of the input pixels.
func shifts(kernel, stride, pad, phase int) []tapShift {
	var out []tapShift
	for k := range kernel {
		if d := phase + pad - k; d%stride == 0 {
			out = append(out, tapShift{k, d / stride})
		}
	}
	return out
}

// axis is one direction of the padded output gradient: before zeros, then the
// gradient, then zeros up to size.
type axis struct{ before, size int }

// gradAxis sizes an axis so that every phase's reads fall within it.
func gradAxis(in, out, kernel, stride, pad int) axis {
	lo, hi := 0, 0
	for ph := range stride {
		for _, t := range shifts(kernel, stride, pad, ph) {
			lo, hi = min(lo, t.d), max(hi, t.d)
		}
	}
	pixels := (in + stride - 1) / stride
	padded := (pixels + 3) / 4 * 4 // a multiple of 4 covers rows and columns of any raster
	return axis{before: -lo, size: -lo + max(out, padded+hi)}
}

// inputPlans prepares the gradient with respect to x, one pass per phase, and
// the layout of the padded gradient of y.
func inputPlans(s ConvShape) ([]plan, C.struct_layout) {
	oh, ow := s.OutH(), s.OutW()
	ya := gradAxis(s.H, oh, s.KH, s.StrideH, s.PadTop)
	xa := gradAxis(s.W, ow, s.KW, s.StrideW, s.PadLeft)
	var plans []plan
	for ph := range min(s.StrideH, s.H) {
		for pw := range min(s.StrideW, s.W) {
			plans = append(plans, inputPlan(s, ya, xa, ph, pw))
		}
	}
	return plans, C.struct_layout{
		channels: C.int64_t(s.OutC), h: C.int64_t(oh), w: C.int64_t(ow),
		src_stride: C.int64_t(s.OutC * oh * ow), dst_stride: C.int64_t(s.OutC * ya.size * xa.size),
		dst_plane: C.int64_t(ya.size * xa.size), row: C.int64_t(xa.size), first: C.int64_t(ya.before * xa.size),
		phases: 1, left: C.int64_t(xa.before),
	}
}

// inputPlan prepares the input pixels (a*StrideH + ph, b*StrideW + pw).
func inputPlan(s ConvShape, ya, xa axis, ph, pw int) plan {
	r := newRaster((s.H-ph+s.StrideH-1)/s.StrideH, (s.W-pw+s.StrideW-1)/s.StrideW)
	p := plan{r: r, off: r.offsets(xa.size), row: s.KH * s.KW}
	for o := range s.OutC {
		for _, th := range shifts(s.KH, s.StrideH, s.PadTop, ph) {
			for _, tw := range shifts(s.KW, s.StrideW, s.PadLeft, pw) {
				p.koff = append(p.koff, int32((o*ya.size+ya.before+th.d)*xa.size+xa.before+tw.d))
				p.tap = append(p.tap, int32(o*s.InC*s.KH*s.KW+th.k*s.KW+tw.k))
			}
		}
	}
	p.setTarget(s.InC, s.H, s.W)
	p.pass.src_stride = C.int64_t(s.OutC * ya.size * xa.size)
	p.direct = r.exact() && s.StrideH == 1 && s.StrideW == 1
	p.grid.row0, p.grid.col0 = C.int64_t(ph), C.int64_t(pw)
	p.grid.row_step, p.grid.col_step = C.int64_t(s.StrideH), C.int64_t(s.StrideW)
	return p
}
