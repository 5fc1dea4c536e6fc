package model

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"automl/runner/finetune/safetensors"
)

// perceptron is a small one, and a batch for it.
func perceptron(t testing.TB, layers int) (*Net, []float32, []int32) {
	t.Helper()
	n, err := NewMLP(MLPConfig{Features: 5, Hidden: 7, Layers: layers, Classes: 3}, 1)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(8, 8))
	for _, p := range n.Params() {
		if !p.Decay { // biases, so that they matter
			for i := range p.Data {
				p.Data[i] = float32(rng.NormFloat64())
			}
		}
	}
	x := make([]float32, 6*5)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	return n, x, []int32{0, 1, 2, 1, 0, -1}
}

func TestMLPFacts(t *testing.T) {
	n, _, _ := perceptron(t, 2)
	if got := n.Blocks(); !slices.Equal(got, []string{"hidden1", "hidden2", "head"}) || n.Type() != "mlp" || n.Classes() != 3 {
		t.Errorf("%s with blocks %v", n.Type(), got)
	}
	if c, h, w := n.InputShape(); c != 5 || h != 1 || w != 1 {
		t.Errorf("input %d x %d x %d", c, h, w)
	}
	for i, want := range [][]int{{7, 5}, {7}, {7, 7}, {7}, {3, 7}, {3}} {
		if p := n.Params()[i]; !slices.Equal(p.Shape, want) || p.Decay != (len(want) == 2) || !p.Trainable || p.Block != i/2 {
			t.Errorf("%+v, want shape %v", p, want)
		}
	}
	if err := n.SetInput(8, 8); err == nil || !strings.Contains(err.Error(), "not images") {
		t.Errorf("images: %v", err)
	}
	same, _ := NewMLP(MLPConfig{Features: 40, Hidden: 50, Layers: 1, Classes: 3}, 4)
	again, _ := NewMLP(MLPConfig{Features: 40, Hidden: 50, Layers: 1, Classes: 3}, 4)
	other, _ := NewMLP(MLPConfig{Features: 40, Hidden: 50, Layers: 1, Classes: 3}, 5)
	w := same.Param("hidden1.weight").Data
	if !slices.Equal(w, again.Param("hidden1.weight").Data) || slices.Equal(w, other.Param("hidden1.weight").Data) {
		t.Error("the seed does not decide the weights")
	}
	// Variance 2/fan-in: the squares of 50*40 weights sum to about 100.
	if s := norm(w); s*s < 90 || s*s > 110 {
		t.Errorf("squared norm %v, want about 100", s*s)
	}
	for _, c := range []MLPConfig{{}, {Features: 1, Hidden: 1, Layers: -1, Classes: 2}, {Features: 1, Layers: 1, Classes: 2}, {Features: 1}} {
		if _, err := NewMLP(c, 1); err == nil {
			t.Errorf("%+v makes a network", c)
		}
	}
}

// forward is the network as its definition reads, in float64: the mean cross-entropy of the rows that count.
func forward(n *Net, x []float32, y []int32) float64 {
	loss, rows := 0.0, 0
	for r, label := range y {
		if label < 0 {
			continue
		}
		var a []float64
		for _, v := range x[r*5 : (r+1)*5] {
			a = append(a, float64(v))
		}
		ps := n.Params()
		for k := 0; k < len(ps); k += 2 {
			w, b := ps[k], ps[k+1]
			z := make([]float64, len(b.Data))
			for o := range z {
				z[o] = float64(b.Data[o])
				for i, v := range a {
					z[o] += v * float64(w.Data[o*len(a)+i])
				}
				if k+2 < len(ps) {
					z[o] = max(z[o], 0)
				}
			}
			a = z
		}
		sum := 0.0
		for _, v := range a {
			sum += math.Exp(v)
		}
		loss += math.Log(sum) - a[label]
		rows++
	}
	return loss / float64(rows)
}

// The loss is that of the definition, and every gradient its central difference.
func TestMLPGradient(t *testing.T) {
	for _, layers := range []int{0, 1, 3} {
		n, x, y := perceptron(t, layers)
		trained := slices.Repeat([]bool{true}, layers+1)
		loss, _, grads := step(t, n, TrainOptions{Batch: 6, Trained: trained}, x, y)
		if want := forward(n, x, y); math.Abs(loss-want) > 1e-5 {
			t.Errorf("%d layers: loss %v, want %v", layers, loss, want)
		}
		const h = 1.0 / 1024 // exact in float32
		for _, p := range n.Params() {
			var diff, size float64
			for i, v := range p.Data {
				p.Data[i] = v + h
				up, above := forward(n, x, y), float64(p.Data[i])
				p.Data[i] = v - h
				down, below := forward(n, x, y), float64(p.Data[i])
				p.Data[i] = v
				want := (up - down) / (above - below)
				diff += (float64(grads[p.Name][i]) - want) * (float64(grads[p.Name][i]) - want)
				size += want * want
			}
			if rel := math.Sqrt(diff / size); !(rel < 1e-3) {
				t.Errorf("%d layers: gradient of %s is off by %.2g", layers, p.Name, rel)
			}
		}
	}
}

// Dropout comes after each hidden layer, never on the inputs.
func TestMLPDropout(t *testing.T) {
	n, x, y := perceptron(t, 0)
	plain, _, _ := step(t, n, TrainOptions{Batch: 6, Trained: []bool{true}}, x, y)
	if dropped, _, _ := step(t, n, TrainOptions{Batch: 6, Trained: []bool{true}, Dropout: 0.5, Seed: 1}, x, y); dropped != plain {
		t.Error("inputs were dropped")
	}
	n, x, y = perceptron(t, 1)
	plain, _, _ = step(t, n, TrainOptions{Batch: 6, Trained: []bool{true, true}}, x, y)
	dropped, _, _ := step(t, n, TrainOptions{Batch: 6, Trained: []bool{true, true}, Dropout: 0.5, Seed: 1}, x, y)
	again, _, _ := step(t, n, TrainOptions{Batch: 6, Trained: []bool{true, true}, Dropout: 0.5, Seed: 1}, x, y)
	if dropped == plain || dropped != again {
		t.Errorf("loss %v, with dropout %v and %v", plain, dropped, again)
	}
}

func TestMLPIsReadBack(t *testing.T) {
	n, x, _ := perceptron(t, 2)
	dir := t.TempDir()
	config, err := json.Marshal(MLPConfig{ModelType: MLPType, Features: 5, Hidden: 7, Layers: 2, Classes: 3})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, configFile), config, 0o600); err != nil {
		t.Fatal(err)
	}
	var tensors []safetensors.Tensor
	for _, p := range n.Params() {
		tensors = append(tensors, safetensors.Tensor{Name: p.Name, Shape: p.Shape, Data: p.Data})
	}
	if err := safetensors.Write(filepath.Join(dir, weightsFile), tensors, nil); err != nil {
		t.Fatal(err)
	}
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	var logits [2][]float32
	for i, net := range []*Net{n, back} {
		e, err := net.NewEvaluator(EvalOptions{Batch: 6})
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Logits(x, 6)
		if err != nil {
			t.Fatal(err)
		}
		logits[i] = slices.Clone(out)
		if err := e.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(logits[0], logits[1]) {
		t.Errorf("%v, read back %v", logits[0], logits[1])
	}
}
