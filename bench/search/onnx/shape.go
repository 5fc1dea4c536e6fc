package onnx

// axis is an attribute of a node, 0 when it is missing.
func (n node) axis() int {
	if a := n.ints["axis"]; len(a) == 1 {
		return int(a[0])
	}
	return 0
}

// gather picks rows or columns of a matrix or elements of a vector: along axis 0 by a list of integers, along axis 1 by a list
// or by one number, which drops the axis.
func gather(n node, in []*Tensor) (*Tensor, error) {
	x, index := in[0], in[1]
	switch {
	case len(x.Dims) == 1 && n.axis() == 0:
		return gatherNumbers(x, index)
	case len(x.Dims) == 2 && n.axis() == 0 && x.Floats != nil:
		return gatherRows(x, index)
	case len(x.Dims) == 2 && n.axis() == 1 && len(index.Ints) == 1:
		out := &Tensor{Dims: x.Dims[:1]}
		if len(index.Dims) == 1 {
			out.Dims = []int{x.Dims[0], 1}
		}
		for i := range x.Dims[0] {
			at := i*x.Dims[1] + int(index.Ints[0])
			if x.Ints != nil {
				out.Ints = append(out.Ints, x.Ints[at])
			} else {
				out.Floats = append(out.Floats, x.Floats[at])
			}
		}
		return out, nil
	}
	return nil, errShape
}

func gatherNumbers(x, index *Tensor) (*Tensor, error) {
	out := &Tensor{Dims: index.Dims}
	for _, i := range index.Ints {
		if i < 0 { // counted from the end
			i += int64(len(x.Ints))
		}
		if i < 0 || int(i) >= len(x.Ints) {
			return nil, errShape
		}
		out.Ints = append(out.Ints, x.Ints[i])
	}
	return out, nil
}

func gatherRows(x, index *Tensor) (*Tensor, error) {
	cols := x.Dims[1]
	out := &Tensor{Dims: append(append([]int{}, index.Dims...), cols)}
	for _, i := range index.Ints {
		if i < 0 || int(i) >= x.Dims[0] {
			return nil, errShape
		}
		out.Floats = append(out.Floats, x.Floats[int(i)*cols:(int(i)+1)*cols]...)
	}
	return out, nil
}

// unsqueeze turns a vector into a column.
func unsqueeze(_ node, in []*Tensor) (*Tensor, error) {
	if axes := in[1].Ints; len(axes) != 1 || axes[0] != 1 || len(in[0].Dims) != 1 {
		return nil, errShape
	}
	return &Tensor{Dims: []int{in[0].Dims[0], 1}, Floats: in[0].Floats, Ints: in[0].Ints}, nil
}

// concat joins the columns of matrices.
func concat(n node, in []*Tensor) (*Tensor, error) {
	rows, cols := in[0].Dims[0], 0
	for _, t := range in {
		if len(t.Dims) != 2 || t.Dims[0] != rows || t.Floats == nil || n.axis() != 1 {
			return nil, errShape
		}
		cols += t.Dims[1]
	}
	out := &Tensor{Dims: []int{rows, cols}, Floats: make([]float32, 0, rows*cols)}
	for i := range rows {
		for _, t := range in {
			out.Floats = append(out.Floats, t.Floats[i*t.Dims[1]:(i+1)*t.Dims[1]]...)
		}
	}
	return out, nil
}

// slice cuts columns from a matrix.
func slice(_ node, in []*Tensor) (*Tensor, error) {
	if len(in) != 4 || len(in[0].Dims) != 2 || in[0].Floats == nil || in[3].Ints[0] != 1 && in[3].Ints[0] != -1 {
		return nil, errShape
	}
	rows, cols := in[0].Dims[0], in[0].Dims[1]
	from, to := int(in[1].Ints[0]), min(int(in[2].Ints[0]), cols)
	if from < 0 || from > to {
		return nil, errShape
	}
	out := &Tensor{Dims: []int{rows, to - from}}
	for i := range rows {
		out.Floats = append(out.Floats, in[0].Floats[i*cols+from:i*cols+to]...)
	}
	return out, nil
}

func shape(_ node, in []*Tensor) (*Tensor, error) {
	out := &Tensor{Dims: []int{len(in[0].Dims)}}
	for _, d := range in[0].Dims {
		out.Ints = append(out.Ints, int64(d))
	}
	return out, nil
}
