package finetunetest

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"automl/runner/finetune/safetensors"
)

// weights are random tensors, the same in every test.
type weights struct {
	source  *rand.Rand
	tensors []safetensors.Tensor
}

func newWeights() *weights { return &weights{source: rand.New(rand.NewPCG(1, 2))} }

// add adds a tensor of normally distributed values.
func (w *weights) add(name string, mean, sd float64, shape ...int) {
	n := 1
	for _, s := range shape {
		n *= s
	}
	x := safetensors.Tensor{Name: name, Shape: shape, Data: make([]float32, n)}
	for i := range x.Data {
		x.Data[i] = float32(mean + sd*w.source.NormFloat64())
	}
	w.tensors = append(w.tensors, x)
}

// folder writes a model folder, which is removed with the test.
func (w *weights) folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	if err := safetensors.Write(filepath.Join(dir, "model.safetensors"), w.tensors, nil); err != nil {
		t.Fatal(err)
	}
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
