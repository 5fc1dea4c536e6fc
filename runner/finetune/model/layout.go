package model

import (
	"cmp"
	"slices"

	"automl/runner/finetune/safetensors"
)

// layout is how the file of a model folder holds a parameter, where it does not
// hold it as it is.
type layout struct {
	name        string // of the tensor; "": that of the parameter
	part, parts int    // the parameter is one of so many equal groups of rows; parts 0: all of it
	transposed  bool   // a matrix that is stored in x out
}

// storedName is the name of the tensor that holds the parameter.
func (p *Param) storedName() string { return cmp.Or(p.stored.name, p.Name) }

// storedShape is the shape of that tensor.
func (p *Param) storedShape() []int {
	shape := slices.Clone(p.Shape)
	shape[0] *= max(1, p.stored.parts)
	if p.stored.transposed {
		slices.Reverse(shape)
	}
	return shape
}

// load takes the parameter out of the tensor that holds it.
func (p *Param) load(stored []float32) {
	if p.stored.parts == 0 && !p.stored.transposed {
		p.Data = stored
		return
	}
	p.Data = make([]float32, len(stored)/max(1, p.stored.parts))
	p.each(func(own, there int) { p.Data[own] = stored[there] })
}

// each calls f with the place of every value in the parameter and in the tensor.
func (p *Param) each(f func(own, there int)) {
	rows, cols := p.Shape[0], 1
	if len(p.Shape) == 2 {
		cols = p.Shape[1]
	}
	all := rows * max(1, p.stored.parts)
	for r := range rows {
		for c := range cols {
			there := (p.stored.part*rows+r)*cols + c
			if p.stored.transposed {
				there = c*all + p.stored.part*rows + r
			}
			f(r*cols+c, there)
		}
	}
}

// Tensors returns all arrays as the file of a model folder holds them, which Load
// reads back. Those that lie there as they are share their memory with the network.
func (n *Net) Tensors() []safetensors.Tensor {
	out := n.layOut(func(p *Param) []float32 { return p.Data })
	if a, ok := n.arch.(interface {
		extra([]*Param) []safetensors.Tensor
	}); ok {
		out = append(out, a.extra(n.params)...)
	}
	return out
}

// layOut puts values of parameters, in Params order, as the file would hold them.
func (n *Net) layOut(values func(p *Param) []float32) []safetensors.Tensor {
	var out []safetensors.Tensor
	at := map[string]int{}
	for _, p := range n.params {
		name, v := p.storedName(), values(p)
		if p.stored.parts == 0 && !p.stored.transposed {
			out = append(out, safetensors.Tensor{Name: name, Shape: p.Shape, Data: v})
			continue
		}
		i, ok := at[name]
		if !ok {
			i, at[name] = len(out), len(out)
			out = append(out, safetensors.Tensor{Name: name, Shape: p.storedShape(), Data: make([]float32, len(v)*max(1, p.stored.parts))})
		}
		p.each(func(own, there int) { out[i].Data[there] = v[own] })
	}
	return out
}
