package model

import (
	"math/rand/v2"
	"testing"
)

// images returns n random images of the network's input size, and labels.
func images(net *Net, n int) (x []float32, y []int32) {
	c, h, w := net.InputShape()
	rng := rand.New(rand.NewPCG(7, 7))
	x, y = make([]float32, n*c*h*w), make([]int32, n)
	for i := range x {
		x[i] = float32(rng.IntN(256))
	}
	for i := range y {
		y[i] = int32(rng.IntN(net.Classes()))
	}
	return x, y
}

// BenchmarkStep times one training step of 32 images of 16 x 16; an epoch of
// 1,200 images has 38.
func BenchmarkStep(b *testing.B) {
	for _, c := range []struct {
		name string
		o    TrainOptions
	}{
		{"full", TrainOptions{Trained: []bool{true, true, true, true, true}}},
		{"top2", TrainOptions{Trained: []bool{false, false, false, true, true}}},
		{"top2-cached", TrainOptions{Trained: []bool{false, false, false, true, true}, From: 3}},
		{"head", TrainOptions{Trained: []bool{false, false, false, false, true}}},
		{"head-cached", TrainOptions{Trained: []bool{false, false, false, false, true}, From: 4}},
	} {
		b.Run(c.name, func(b *testing.B) {
			net := quickstart(b)
			c.o.Batch = 32
			t, err := net.NewTrainer(c.o)
			if err != nil {
				b.Fatal(err)
			}
			ch, h, w := net.PrefixShape(c.o.From)
			x, y := images(net, 32)
			x = append(x, make([]float32, 32*ch*h*w)...)
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := t.Step(x, y, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(38*b.Elapsed().Seconds()/float64(b.N), "s/epoch")
		})
	}
}

func BenchmarkEvaluate(b *testing.B) {
	net := quickstart(b)
	e, err := net.NewEvaluator(EvalOptions{Batch: 64})
	if err != nil {
		b.Fatal(err)
	}
	x, _ := images(net, 64)
	for b.Loop() {
		if _, err := e.Logits(x, 64); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(64*float64(b.N)/b.Elapsed().Seconds(), "images/s")
}
