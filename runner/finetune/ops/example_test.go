package ops_test

import (
	"fmt"

	"automl/runner/finetune/ops"
)

// A network of two layers learns the exclusive or: leaves alias the caller's slices, so a step of gradient descent on them is one of
// the network.
func ExampleBuilder() {
	x := []float32{0, 0, 0, 1, 1, 0, 1, 1}
	w1 := []float32{1, -1, -1, 1, 0.5, 0.5}
	b1 := []float32{0, 0, 0}
	w2 := []float32{-0.1, 0.2, 0.1, 0.1, -0.2, 0.1}
	target := &ops.Targets[float32]{Labels: []int32{0, 1, 1, 0}}

	b := ops.NewBuilder[float32](4) // rows of a batch
	first, bias, second := b.Param("w1", w1, true, 3, 2), b.Param("b1", b1, true, 3), b.Param("w2", w2, true, 2, 3)
	hidden := b.ReLU(b.Linear(b.Input("x", x, 4, 2), first, bias))
	loss := b.SoftmaxCrossEntropy(b.Linear(hidden, second, nil), target, ops.LossConfig{})
	nodes, err := b.Gradients(loss, first, bias, second)
	if err != nil {
		fmt.Println(err)
		return
	}
	machine, err := b.Compile()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer machine.Close()

	weights := [][]float32{w1, b1, w2}
	for step := range 301 {
		if err := machine.Run(4, uint64(step)); err != nil {
			fmt.Println(err)
			return
		}
		if value, _ := ops.Values[float32](loss); step%100 == 0 {
			fmt.Printf("step %d: loss %.2f\n", step, value[0])
		}
		for i, node := range nodes {
			gradient, _ := ops.Values[float32](node) // rewritten by every run
			for j := range gradient {
				weights[i][j] -= 0.5 * gradient[j]
			}
		}
	}
	// Output:
	// step 0: loss 0.72
	// step 100: loss 0.02
	// step 200: loss 0.01
	// step 300: loss 0.00
}
