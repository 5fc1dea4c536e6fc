package optim

import (
	"math"
	"slices"
	"testing"

	"automl/runner/finetune/blas"
)

// Weights and norm are the same bits on any number of threads, for tensors of several parts and tables.
func TestStepsDoNotDependOnThreads(t *testing.T) {
	t.Cleanup(func() { blas.SetThreads(1) })
	const rows, width = 700, 97
	reached := []int32{3, 4, 333, 340, 699}
	for _, kind := range Kinds {
		run := func(threads int) (norm float64, w []float32) {
			blas.SetThreads(threads)
			c := Default(kind)
			c.WeightDecay, c.ClipNorm = 0.1, 0.5
			o := must(t, c)
			var tensors []Tensor
			for _, name := range []string{"dense", "table"} {
				x := Tensor{Name: name, Shape: []int{rows, width}, Data: make([]float32, rows*width), Grad: make([]float32, rows*width), Factor: 1, Decay: true}
				for i := range x.Data {
					x.Data[i] = float32(math.Sin(float64(i)))
					if name == "dense" || slices.Contains(reached, int32(i/width)) {
						x.Grad[i] = float32(math.Cos(float64(3 * i)))
					}
				}
				if name == "table" {
					x.Rows, x.Width = &reached, width
				}
				tensors = append(tensors, x)
			}
			if err := o.Bind(tensors); err != nil {
				t.Fatal(err)
			}
			for range 3 {
				norm = o.Step(0.01)
			}
			return norm, slices.Concat(tensors[0].Data, tensors[1].Data)
		}
		norm, w := run(1)
		for threads := 2; threads < 5; threads++ {
			if n, x := run(threads); n != norm || !slices.Equal(x, w) {
				t.Errorf("%s: %d threads make another step than one", kind, threads)
			}
		}
	}
}
