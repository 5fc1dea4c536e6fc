package main

import (
	"fmt"
	"math/rand/v2"

	"automl/runner/finetune/optim"
	"automl/runner/finetune/pages"
)

// matrices are the shapes of MiniLM's weights: a table of words and six layers, 22.3 million in all.
func matrices() [][2]int {
	out := [][2]int{{30522, 384}}
	for range 6 {
		out = append(out, [2]int{384, 384}, [2]int{384, 384}, [2]int{384, 384}, [2]int{384, 384}, [2]int{1536, 384}, [2]int{384, 1536})
	}
	return out
}

// optimizerStepper makes the step of an optimizer alone, on gradients that stay. Ours finds their norm, too.
func optimizerStepper(kind optim.Kind) (func() error, error) {
	c := optim.Default(kind)
	c.WeightDecay = 0.01
	o, err := optim.New(c)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(1, 2))
	var tensors []optim.Tensor
	for i, s := range matrices() {
		t := optim.Tensor{Name: fmt.Sprint(i), Shape: s[:], Data: pages.Huge(make([]float32, s[0]*s[1])), Grad: pages.Huge(make([]float32, s[0]*s[1])), Factor: 1, Decay: true}
		for i := range t.Data {
			t.Data[i], t.Grad[i] = float32(rng.NormFloat64()), float32(rng.NormFloat64())
		}
		tensors = append(tensors, t)
	}
	return func() error { o.Step(1e-5); return nil }, o.Bind(tensors)
}
