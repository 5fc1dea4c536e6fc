package onnx

import (
	"fmt"
	"maps"
)

// Tensor is an array of 32-bit floats or of integers, in row-major order. No Dims: a single number.
type Tensor struct {
	Dims   []int
	Floats []float32
	Ints   []int64 // instead of Floats
}

func (t *Tensor) size() int {
	n := 1
	for _, d := range t.Dims {
		n *= d
	}
	return n
}

// Eval evaluates the network. It may be called by several goroutines at once.
func (m *Model) Eval(inputs map[string]*Tensor) (*Tensor, error) {
	known := make(map[string]*Tensor, len(m.consts)+len(m.nodes)+len(inputs))
	maps.Copy(known, m.consts)
	maps.Copy(known, inputs)
	for _, n := range m.nodes {
		in := make([]*Tensor, len(n.in))
		for i, name := range n.in {
			if in[i] = known[name]; in[i] == nil {
				return nil, fmt.Errorf("operator %s needs %q, which has no value", n.op, name)
			}
		}
		out, err := n.run(n, in)
		if err != nil {
			return nil, fmt.Errorf("operator %s for %q: %w", n.op, n.out, err)
		}
		known[n.out] = out
	}
	out := known[m.output]
	if out == nil {
		return nil, fmt.Errorf("the network has no output %q", m.output)
	}
	return out, nil
}
