package ops

import (
	"fmt"

	"gorgonia.org/tensor"
)

// MSE adds the scalar loss sum_r m_r sum_c (x_rc - v_rc)^2 / (C sum_r m_r) for
// predictions x (N, C), values v and row weights m of t: the mean squared error
// of PyTorch where all weights are 1. If the weights add up to 0, the loss and
// its gradient are 0.
func (b *Builder[T]) MSE(x *Node, t *Targets[T]) *Node {
	if !b.ready("mse", []int{2}, x) {
		return nil
	}
	m := &mse[T]{t: t, run: &b.run, width: x.Shape()[1], diff: room[T](b, x.Shape().TotalSize())}
	return b.apply(kernel[T]{name: "mse", forward: m.forward, backward: m.backward}, tensor.Shape{}, x)
}

type mse[T Float] struct {
	t     *Targets[T]
	run   *runState
	width int
	diff  []T // gradient with respect to the predictions, from forward
}

func (m *mse[T]) forward(in [][]T, out []T) error {
	rows := m.run.rows
	if len(m.t.Values) < rows*m.width {
		return fmt.Errorf("%d values for %d rows of %d", len(m.t.Values), rows, m.width)
	}
	clear(m.diff)
	var loss, total float64
	for r := range rows {
		weight := 1.0
		if m.t.Weights != nil {
			weight = float64(m.t.Weights[r])
		}
		total += weight * float64(m.width)
		for i := r * m.width; i < (r+1)*m.width; i++ {
			d := float64(in[0][i]) - float64(m.t.Values[i])
			loss += weight * d * d
			m.diff[i] = T(2 * weight * d)
		}
	}
	if total == 0 {
		clear(m.diff)
		out[0] = 0
		return nil
	}
	for i := range m.diff {
		m.diff[i] /= T(total)
	}
	out[0] = T(loss / total)
	return nil
}

func (m *mse[T]) backward(_ [][]T, _, grad []T, d [][]T) error {
	for i, v := range m.diff {
		d[0][i] = v * grad[0]
	}
	return nil
}
