package model

import (
	"math"
	"testing"
)

// One probability of 1 is a class, and what two targets give in halves is the mean of what they give.
func TestStepProbs(t *testing.T) {
	n, x, _ := perceptron(t, 1)
	tr, err := n.NewTrainer(TrainOptions{Batch: 6, Trained: []bool{true, true}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	grads := func() []float64 {
		var all []float64
		for _, g := range tr.Grads() {
			for _, v := range g.Data {
				all = append(all, float64(v))
			}
		}
		return all
	}
	probs := func(share float32, labels ...[]int32) []float32 {
		out := make([]float32, 6*3)
		for _, of := range labels {
			for row, c := range of {
				if c >= 0 {
					out[3*row+int(c)] += share
				}
			}
		}
		return out
	}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-6 {
			t.Errorf("%s: %v, expected %v", what, got, want)
		}
	}
	one, two := []int32{0, 1, 2, 1, 0, -1}, []int32{2, 2, 2, 0, 1, -1}
	var losses [2]float64
	var slopes [2][]float64
	for i, y := range [][]int32{one, two} {
		if losses[i], _, err = tr.Step(x, y, 1); err != nil {
			t.Fatal(err)
		}
		slopes[i] = grads()
		same, _, err := tr.StepProbs(x, probs(1, y), 5, 1)
		if err != nil {
			t.Fatal(err)
		}
		near("loss of whole probabilities", same, losses[i])
		for k, v := range grads() {
			near("gradient of whole probabilities", v, slopes[i][k])
		}
	}
	half, _, err := tr.StepProbs(x, probs(0.5, one, two), 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	near("loss of halves", half, (losses[0]+losses[1])/2)
	for k, v := range grads() {
		near("gradient of halves", v, (slopes[0][k]+slopes[1][k])/2)
	}
	for rows, p := range map[int][]float32{0: probs(1, one), 7: probs(1, one), 5: make([]float32, 14)} {
		if _, _, err := tr.StepProbs(x, p, rows, 1); err == nil {
			t.Errorf("%d rows with %d probabilities passed", rows, len(p))
		}
	}
}
