package blas

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// reference computes a convolution and its gradients from the definition, in
// float64.
func reference(s ConvShape, x, w, bias, dy []float32) (y, dx, dw, db []float64) {
	oh, ow := s.OutH(), s.OutW()
	y, dx = make([]float64, s.Batch*s.OutC*oh*ow), make([]float64, len(x))
	dw, db = make([]float64, len(w)), make([]float64, s.OutC)
	for iy := range y {
		n, o, oy, ox := iy/(s.OutC*oh*ow), iy/(oh*ow)%s.OutC, iy/ow%oh, iy%ow
		g := float64(dy[iy])
		y[iy] = float64(bias[o])
		db[o] += g
		for iw := range s.InC * s.KH * s.KW {
			c, kh, kw := iw/(s.KH*s.KW), iw/s.KW%s.KH, iw%s.KW
			h, v := oy*s.StrideH+kh-s.PadTop, ox*s.StrideW+kw-s.PadLeft
			if h < 0 || h >= s.H || v < 0 || v >= s.W {
				continue
			}
			ix, jw := ((n*s.InC+c)*s.H+h)*s.W+v, o*s.InC*s.KH*s.KW+iw
			y[iy] += float64(x[ix]) * float64(w[jw])
			dx[ix] += g * float64(w[jw])
			dw[jw] += g * float64(x[ix])
		}
	}
	return y, dx, dw, db
}

// same returns a shape with TensorFlow's same padding for a square kernel.
func same(batch, in, size, out, kernel, stride int) ConvShape {
	s := ConvShape{Batch: batch, InC: in, H: size, W: size, OutC: out, KH: kernel, KW: kernel, StrideH: stride, StrideW: stride}
	total := max(((size+stride-1)/stride-1)*stride+kernel-size, 0)
	s.PadTop, s.PadLeft, s.PadBottom, s.PadRight = total/2, total/2, total-total/2, total-total/2
	return s
}

var convShapes = []ConvShape{
	same(3, 3, 16, 16, 3, 1),
	same(2, 16, 16, 32, 3, 2),
	same(2, 16, 16, 32, 1, 2),
	same(5, 8, 4, 16, 3, 1),
	same(3, 4, 8, 8, 3, 2),
	same(2, 3, 7, 5, 3, 1),
	same(2, 3, 7, 5, 3, 2),
	same(1, 1, 1, 1, 3, 1),
	same(1, 2, 2, 3, 3, 3),
	{Batch: 2, InC: 3, H: 13, W: 9, OutC: 6, KH: 5, KW: 2, StrideH: 3, StrideW: 2, PadTop: 2, PadBottom: 1, PadRight: 3},
	{Batch: 2, InC: 2, H: 6, W: 30, OutC: 7, KH: 1, KW: 4, StrideH: 1, StrideW: 3, PadLeft: 1},
	{Batch: 1, InC: 2, H: 5, W: 12, OutC: 4, KH: 2, KW: 3, StrideH: 4, StrideW: 1, PadBottom: 4, PadLeft: 5, PadRight: 2},
	{Batch: 2, InC: 1, H: 9, W: 9, OutC: 1, KH: 2, KW: 2, StrideH: 3, StrideW: 3},
}

func TestConv(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		for _, s := range convShapes {
			checkConv(t, s)
		}
	})
}

func checkConv(t *testing.T, s ConvShape) {
	rng := rand.New(rand.NewPCG(2, 2))
	x, w := random(rng, s.Batch*s.InC*s.H*s.W), random(rng, s.OutC*s.InC*s.KH*s.KW)
	bias, dy := random(rng, s.OutC), random(rng, s.Batch*s.OutC*s.OutH()*s.OutW())
	wy, wdx, wdw, wdb := reference(s, x, w, bias, dy)
	c, err := NewConv(s)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second time over used buffers
		y, dx := random(rng, len(dy)), random(rng, len(x))
		dw, db := random(rng, len(w)), random(rng, len(bias))
		c.Forward(s.Batch, x, w, bias, y)
		c.Backward(s.Batch, w, dy, dx, dw, db)
		name := fmt.Sprintf("%+v", s)
		near(t, name+" y", y, wy, 1e-5)
		near(t, name+" dx", dx, wdx, 1e-5)
		near(t, name+" dw", dw, wdw, 1e-5)
		near(t, name+" db", db, wdb, 1e-5)
	}
}

// Fewer rows than the batch must neither read nor write beyond them.
func TestConvRows(t *testing.T) {
	s := same(4, 3, 8, 5, 3, 2)
	rng := rand.New(rand.NewPCG(2, 2))
	x, w, dy := random(rng, 4*3*64), random(rng, 5*27), random(rng, 4*5*16)
	part := s
	part.Batch = 2
	wy, _, wdw, _ := reference(part, x[:2*3*64], w, make([]float32, 5), dy[:2*5*16])
	c, _ := NewConv(s)
	y, dw := make([]float32, len(dy)), make([]float32, len(w))
	c.Forward(4, x, w, nil, y) // leaves the other images in the buffers
	clear(y)
	c.Forward(2, x, w, nil, y)
	c.Backward(2, w, dy, nil, dw, nil)
	near(t, "y", y[:len(wy)], wy, 1e-5)
	near(t, "dw", dw, wdw, 1e-5)
	if slices.ContainsFunc(y[len(wy):], func(v float32) bool { return v != 0 }) {
		t.Error("wrote beyond the rows")
	}
}

// Any number of threads gives the same bits.
func TestThreadsDoNotChangeResults(t *testing.T) {
	defer SetThreads(1)
	s := same(9, 16, 16, 24, 3, 2)
	run := func() []float32 {
		rng := rand.New(rand.NewPCG(5, 5))
		x, w := random(rng, s.Batch*s.InC*s.H*s.W), random(rng, s.OutC*s.InC*9)
		dy := random(rng, s.Batch*s.OutC*s.OutH()*s.OutW())
		c, _ := NewConv(s)
		y, dx, dw, db := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w)), make([]float32, s.OutC)
		c.Forward(s.Batch, x, w, nil, y)
		c.Backward(s.Batch, w, dy, dx, dw, db)
		g := make([]float32, 150*170)
		Gemm(false, true, 150, 170, 64, 1, x, 64, dy, 64, 0, g, 170)
		return slices.Concat(y, dx, dw, db, g)
	}
	SetThreads(1)
	want := run()
	for _, n := range []int{2, 3, 7} {
		SetThreads(n)
		if !slices.Equal(want, run()) {
			t.Errorf("%d threads change the result", n)
		}
	}
}

func TestConvRejects(t *testing.T) {
	for _, s := range []ConvShape{
		{},
		{Batch: 1, InC: 1, H: 2, W: 2, OutC: 1, KH: 3, KW: 3, StrideH: 1, StrideW: 1},
		{Batch: 1, InC: 1 << 20, H: 1 << 10, W: 1 << 10, OutC: 1, KH: 1, KW: 1, StrideH: 1, StrideW: 1},
	} {
		if _, err := NewConv(s); err == nil {
			t.Errorf("%+v: no error", s)
		}
	}
}

func BenchmarkConv(b *testing.B) {
	for _, s := range []ConvShape{
		same(32, 3, 16, 16, 3, 1), same(32, 16, 16, 16, 3, 1), same(32, 16, 16, 32, 3, 2), same(32, 32, 8, 32, 3, 1),
		same(32, 32, 8, 64, 3, 2), same(32, 64, 4, 64, 3, 1), same(32, 16, 32, 16, 3, 1),
		same(8, 3, 224, 64, 7, 2), same(8, 64, 56, 64, 3, 1), same(8, 128, 28, 128, 3, 1), same(8, 256, 14, 256, 3, 1), same(8, 512, 7, 512, 3, 1), // of ResNet-18
	} {
		rng := rand.New(rand.NewPCG(2, 2))
		x, w := random(rng, s.Batch*s.InC*s.H*s.W), random(rng, s.OutC*s.InC*s.KH*s.KW)
		bias, dy := random(rng, s.OutC), random(rng, s.Batch*s.OutC*s.OutH()*s.OutW())
		c, _ := NewConv(s)
		y, dx, dw, db := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w)), make([]float32, s.OutC)
		name := fmt.Sprintf("%dx%dx%d-%d/s%d", s.InC, s.H, s.W, s.OutC, s.StrideH)
		c.Forward(s.Batch, x, w, bias, y)
		for part, f := range map[string]func(){
			"fwd": func() { c.Forward(s.Batch, x, w, bias, y) },
			"dx":  func() { c.Backward(s.Batch, w, dy, dx, nil, nil) },
			"dw":  func() { c.Backward(s.Batch, w, dy, nil, dw, db) },
		} {
			b.Run(name+"/"+part, func(b *testing.B) {
				for b.Loop() {
					f()
				}
				gflops(b, s.Batch*s.Flops())
			})
		}
	}
}
