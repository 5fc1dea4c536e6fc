package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
)

// Model is a network: operators in the order they are evaluated.
type Model struct {
	output string
	consts map[string]*Tensor
	nodes  []node
}

// node is one operator.
type node struct {
	op   string
	in   []string
	out  string
	ints map[string][]int64
	num  map[string]float32
	run  operator
}

// Read loads a network with one output.
func Read(path string) (*Model, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &Model{consts: map[string]*Tensor{}}
	if err := m.read(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// read takes the message ModelProto, and from it GraphProto.
func (m *Model) read(data []byte) error {
	return each(data, func(f field) error {
		if f.tag != 7 {
			return nil
		}
		return each(f.data, m.graphField)
	})
}

// each calls do for the entries of a message.
func each(data []byte, do func(field) error) error {
	all, err := fields(data)
	if err != nil {
		return err
	}
	for _, f := range all {
		if err := do(f); err != nil {
			return err
		}
	}
	return nil
}

func (m *Model) graphField(f field) error {
	switch f.tag {
	case 1:
		return m.node(f.data)
	case 5:
		name, t, err := readTensor(f.data)
		m.consts[name] = t
		return err
	case 12:
		return each(f.data, func(g field) error {
			if g.tag == 1 {
				m.output = string(g.data)
			}
			return nil
		})
	}
	return nil
}

// node takes a NodeProto.
func (m *Model) node(data []byte) error {
	n := node{ints: map[string][]int64{}, num: map[string]float32{}}
	var value *Tensor
	err := each(data, func(f field) error {
		switch f.tag {
		case 1:
			n.in = append(n.in, string(f.data))
		case 2:
			n.out = string(f.data)
		case 4:
			n.op = string(f.data)
		case 5:
			t, err := n.attribute(f.data)
			if t != nil {
				value = t
			}
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return err
	case n.op == "Constant" && value == nil:
		return fmt.Errorf("the constant %q is no tensor", n.out)
	case n.op == "Constant":
		m.consts[n.out] = value
		return nil
	}
	var known bool
	if n.run, known = operators[n.op]; !known {
		return fmt.Errorf("operator %s is not supported", n.op)
	}
	m.nodes = append(m.nodes, n)
	return nil
}

// attribute takes an AttributeProto; a tensor among them is returned.
func (n *node) attribute(data []byte) (value *Tensor, err error) {
	name := ""
	err = each(data, func(f field) error {
		var err error
		switch f.tag {
		case 1:
			name = string(f.data)
		case 2:
			n.num[name] = math.Float32frombits(uint32(f.num))
		case 3, 8:
			n.ints[name] = append(n.ints[name], f.ints()...)
		case 5:
			_, value, err = readTensor(f.data)
		}
		return err
	})
	return value, err
}

// Element types of TensorProto.
const (
	typeFloat = 1
	typeInt64 = 7
)

// readTensor takes a TensorProto of 32-bit floats or 64-bit integers in raw form.
func readTensor(data []byte) (name string, t *Tensor, err error) {
	t = &Tensor{}
	kind, raw := int64(0), []byte(nil)
	err = each(data, func(f field) error {
		switch f.tag {
		case 1:
			for _, d := range f.ints() {
				t.Dims = append(t.Dims, int(d))
			}
		case 2:
			kind = int64(f.num)
		case 8:
			name = string(f.data)
		case 9:
			raw = f.data
		}
		return nil
	})
	if err != nil {
		return name, nil, err
	}
	n := t.size()
	switch {
	case kind == typeFloat && len(raw) == 4*n:
		t.Floats = make([]float32, n)
		for i := range t.Floats {
			t.Floats[i] = math.Float32frombits(binary.LittleEndian.Uint32(raw[4*i:]))
		}
	case kind == typeInt64 && len(raw) == 8*n:
		t.Ints = make([]int64, n)
		for i := range t.Ints {
			t.Ints[i] = int64(binary.LittleEndian.Uint64(raw[8*i:]))
		}
	default:
		return name, nil, fmt.Errorf("tensor %q: type %d with %d bytes for %d elements is not supported", name, kind, len(raw), n)
	}
	return name, t, nil
}
