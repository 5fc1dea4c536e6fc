package blas

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// attend is the definition of attention, in double precision: the result and,
// for its gradient dout, that of qkv.
func attend(a Attention, starts []int32, qkv, dout []float32) (out, dqkv []float64) {
	width := a.Heads * a.Dim
	out, dqkv = make([]float64, len(dout)), make([]float64, len(qkv))
	for pair := range (len(starts) - 1) * a.Heads {
		s, h := pair/a.Heads, pair%a.Heads
		first, n := int(starts[s]), int(starts[s+1]-starts[s])
		at := func(part, row, d int) int { return (first+row)*3*width + part*width + h*a.Dim + d }
		for q := range n {
			p, mask, sum := make([]float64, n), make([]float64, n), 0.0
			for k := range n {
				dot := 0.0
				for d := range a.Dim {
					dot += float64(qkv[at(0, q, d)]) * float64(qkv[at(1, k, d)])
				}
				if !a.Causal || k <= q {
					p[k] = math.Exp(float64(a.Scale) * dot)
				}
				sum += p[k]
				mask[k] = 1 / (1 - a.Drop.P)
				if a.Drop.Word(uint32(pair), q*((n+63)/64)*64+k) < a.Drop.Threshold() {
					mask[k] = 0
				}
			}
			dp, mean := make([]float64, n), 0.0
			for k := range n {
				p[k] /= sum
				for d := range a.Dim {
					g, v := float64(dout[(first+q)*width+h*a.Dim+d]), float64(qkv[at(2, k, d)])
					out[(first+q)*width+h*a.Dim+d] += p[k] * mask[k] * v
					dqkv[at(2, k, d)] += p[k] * mask[k] * g
					dp[k] += mask[k] * g * v
				}
				mean += p[k] * dp[k]
			}
			for k := range n {
				ds := float64(a.Scale) * p[k] * (dp[k] - mean)
				for d := range a.Dim {
					dqkv[at(0, q, d)] += ds * float64(qkv[at(1, k, d)])
					dqkv[at(1, k, d)] += ds * float64(qkv[at(0, q, d)])
				}
			}
		}
	}
	return out, dqkv
}

func TestAttention(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(11, 11))
		for _, a := range []Attention{
			{Heads: 2, Dim: 32, Scale: 0.2},
			{Heads: 3, Dim: 20, Scale: 0.3, Causal: true},
			{Heads: 1, Dim: 3, Scale: 1, Drop: Dropout{P: 0.2, Key: 99, Step: 3}},
			{Heads: 2, Dim: 64, Scale: 0.1, Causal: true, Drop: Dropout{P: 0.5, Key: 5, Step: 4}},
		} {
			starts := []int32{0, 1, 33, 38, 54, 200} // the last needs several blocks of queries
			width := a.Heads * a.Dim
			qkv, dout := random(rng, 3*200*width), random(rng, 200*width)
			got := threaded(t, func() [][]float32 {
				out, dqkv := make([]float32, 200*width), make([]float32, 3*200*width)
				a.Forward(starts, qkv, out)
				a.Backward(starts, qkv, dout, dqkv)
				return [][]float32{out, dqkv}
			})
			out, dqkv := attend(a, starts, qkv, dout)
			near(t, fmt.Sprintf("%+v out", a), got[0], out, 1e-5)
			near(t, fmt.Sprintf("%+v dqkv", a), got[1], dqkv, 1e-5)
		}
	})
}

func BenchmarkAttention(b *testing.B) {
	for _, s := range [][2]int{{16, 32}, {32, 64}, {4, 256}} {
		a := Attention{Heads: 12, Dim: 32, Scale: 0.17}
		starts := []int32{0}
		for i := range s[0] {
			starts = append(starts, int32((i+1)*s[1]))
		}
		n := s[0] * s[1] * 384
		qkv, out, dqkv := random(rand.New(rand.NewPCG(1, 2)), 3*n), make([]float32, n), make([]float32, 3*n)
		b.Run(fmt.Sprintf("%dx%d/forward", s[0], s[1]), func(b *testing.B) {
			for b.Loop() {
				a.Forward(starts, qkv, out)
			}
		})
		b.Run(fmt.Sprintf("%dx%d/backward", s[0], s[1]), func(b *testing.B) {
			for b.Loop() {
				a.Backward(starts, qkv, out, dqkv)
			}
		})
	}
}
