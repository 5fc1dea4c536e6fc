package blas

import (
	"fmt"
	"math"
)

// ConvShape is the geometry of a two-dimensional cross-correlation of images
// (Batch, InC, H, W) with kernels (OutC, InC, KH, KW), all row-major.
type ConvShape struct {
	Batch, InC, H, W, OutC, KH, KW       int
	StrideH, StrideW                     int
	PadTop, PadBottom, PadLeft, PadRight int
}

// OutH returns the height of the output images.
func (s ConvShape) OutH() int { return (s.H+s.PadTop+s.PadBottom-s.KH)/s.StrideH + 1 }

// OutW returns the width of the output images.
func (s ConvShape) OutW() int { return (s.W+s.PadLeft+s.PadRight-s.KW)/s.StrideW + 1 }

// Flops returns the operations of one forward pass over one image, counting a
// multiply-add as two; either gradient costs the same.
func (s ConvShape) Flops() int {
	return 2 * s.OutC * s.OutH() * s.OutW() * s.InC * s.KH * s.KW
}

// Check reports a geometry without a meaning, or too large for 32-bit offsets
// within one image.
func (s ConvShape) Check() error {
	switch {
	case min(s.Batch, s.InC, s.H, s.W, s.OutC, s.KH, s.KW, s.StrideH, s.StrideW) < 1,
		min(s.PadTop, s.PadBottom, s.PadLeft, s.PadRight) < 0:
		return fmt.Errorf("blas: convolution %+v has a size below 1 or a negative padding", s)
	case s.H+s.PadTop+s.PadBottom < s.KH, s.W+s.PadLeft+s.PadRight < s.KW:
		return fmt.Errorf("blas: convolution %+v has a kernel larger than the padded image", s)
	}
	in := float64(s.InC) * float64(s.H+s.PadTop+s.PadBottom+2*s.StrideH) * float64(s.W+s.PadLeft+s.PadRight+8*s.StrideW)
	out := float64(s.OutC) * float64(s.H+s.PadTop+s.PadBottom+s.KH+2) * float64(s.W+s.PadLeft+s.PadRight+s.KW+8)
	weights := float64(s.OutC) * float64(s.InC) * float64(s.KH) * float64(s.KW)
	if max(in, out, weights) > math.MaxInt32/4 {
		return fmt.Errorf("blas: convolution %+v is too large for 32-bit offsets", s)
	}
	return nil
}

// raster lays h x w pixels out in vectors of 8. Rows are padded to wp, a
// multiple of 4; if wp is not one of 8, each vector is two runs of 4 (split)
// and the number of rows is made even.
type raster struct {
	h, w, hp, wp int
	split        bool
}

func newRaster(h, w int) raster {
	r := raster{h: h, w: w, hp: h, wp: (w + 3) / 4 * 4}
	if r.wp%8 != 0 {
		r.split = true
		r.hp = (h + 1) / 2 * 2
	}
	return r
}

// exact reports whether the vectors hold the pixels and nothing else.
func (r raster) exact() bool { return r.hp == r.h && r.wp == r.w }

// pixels returns the number of pixels with padding.
func (r raster) pixels() int { return r.hp * r.wp }

// offsets returns where each run starts in an image whose pixel (y, x) is at
// y*row + x.
func (r raster) offsets(row int) []int32 {
	run := 8
	if r.split {
		run = 4
	}
	out := make([]int32, 0, r.pixels()/run)
	for i := 0; i < r.pixels(); i += run {
		out = append(out, int32(i/r.wp*row+i%r.wp))
	}
	return out
}
