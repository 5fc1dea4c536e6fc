package main

import (
	"fmt"
	"math"
	"time"

	"automl/runner/finetune/blas"
)

// pass is something other than a matrix product.
type pass struct {
	name  string
	flops int // 0: not counted
	run   func()
}

const tokens, hidden, inner, heads = 512, 384, 1536, 12

// passes are those of MiniLM on 512 tokens in texts of 32, and ResNet-8's convolutions on 32 images.
func passes() []pass {
	n := tokens * inner
	x, dy, y, d := values(n), values(n), make([]float32, n), make([]float32, n)
	gamma, beta, mean, inv := values(inner), values(inner), make([]float32, tokens), make([]float32, tokens)
	out := []pass{
		{"GELU 512x1536", 0, func() { blas.GELU(x, y, nil) }},
		{"GELU and its derivative 512x1536", 0, func() { blas.GELU(x, y, d) }},
		{"product with the derivative 512x1536", 0, func() { blas.Mul(dy, x, y) }},
		{"layer norm 512x384", 0, func() { blas.LayerNorm(tokens, hidden, 1e-12, x, gamma, beta, y, mean, inv) }},
		{"layer norm, gradient 512x384", 0, func() {
			blas.LayerNormGrad(tokens, hidden, x, dy, gamma, mean, inv, y, gamma, beta)
		}},
		{"column sums 512x1536", 0, func() { blas.ColumnSum(tokens, inner, x, beta) }},
		{"AdamW, a million weights", 0, func() {
			blas.AdamW{LR: 1e-6, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Step: 1, Scale: 1}.Run(adam[0], adam[1], adam[2], adam[3])
		}},
	}
	return append(append(out, attention()...), convolutions()...)
}

var adam = [4][]float32{values(1e6), values(1e6), make([]float32, 1e6), make([]float32, 1e6)}

func attention() []pass {
	a := blas.Attention{Heads: heads, Dim: hidden / heads, Scale: 0.17}
	var starts []int32
	for i := 0; i <= tokens; i += 32 {
		starts = append(starts, int32(i))
	}
	qkv, out, dqkv := values(3*tokens*hidden), make([]float32, tokens*hidden), make([]float32, 3*tokens*hidden)
	product := 2 * tokens * 32 * hidden
	return []pass{
		{"attention 16x32", 2 * product, func() { a.Forward(starts, qkv, out) }},
		{"attention, gradient 16x32", 5 * product, func() { a.Backward(starts, qkv, out, dqkv) }},
	}
}

func convolutions() []pass {
	var all []pass
	for _, s := range []blas.ConvShape{conv(3, 32, 16, 1), conv(16, 32, 16, 1), conv(16, 32, 32, 2), conv(32, 16, 32, 1), conv(32, 16, 64, 2), conv(64, 8, 64, 1)} {
		c, err := blas.NewConv(s)
		if err != nil {
			panic(err) // the shapes above are right
		}
		x, w := values(s.Batch*s.InC*s.H*s.W), values(s.OutC*s.InC*9)
		dy := values(s.Batch * s.OutC * s.OutH() * s.OutW())
		y, dx, dw, name := make([]float32, len(dy)), make([]float32, len(x)), make([]float32, len(w)), fmt.Sprintf("convolution %dx%dx%d to %d", s.InC, s.H, s.W, s.OutC)
		all = append(all,
			pass{name, s.Batch * s.Flops(), func() { c.Forward(s.Batch, x, w, nil, y) }},
			pass{name + ", gradient of inputs", s.Batch * s.Flops(), func() { c.Backward(s.Batch, w, dy, dx, nil, nil) }},
			pass{name + ", gradient of weights", s.Batch * s.Flops(), func() { c.Backward(s.Batch, w, dy, nil, dw, nil) }})
	}
	return all
}

// conv is a convolution of 3 x 3 on 32 images, with padding on the right and below where it is strided.
func conv(in, size, out, stride int) blas.ConvShape {
	s := blas.ConvShape{Batch: 32, InC: in, H: size, W: size, OutC: out, KH: 3, KW: 3, StrideH: stride, StrideW: stride, PadBottom: 1, PadRight: 1}
	if stride == 1 {
		s.PadTop, s.PadLeft = 1, 1
	}
	return s
}

// reportPasses prints the best time of each pass.
func reportPasses(rounds time.Duration, threads int) {
	fmt.Printf("kernel %s, %d threads\n\n| pass | microseconds | GFLOP/s |\n|---|---:|---:|\n", blas.Kernel(), threads)
	for _, p := range passes() {
		best := math.Inf(1)
		for start := time.Now(); time.Since(start) < rounds; {
			t := clock(threads)
			p.run()
			best = min(best, clock(threads)-t)
		}
		rate := "-"
		if p.flops > 0 {
			rate = fmt.Sprintf("%.0f", float64(p.flops)/best/1e9)
		}
		fmt.Printf("| %s | %.0f | %s |\n", p.name, best*1e6, rate)
	}
}
