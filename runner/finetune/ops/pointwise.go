package ops

import "gorgonia.org/tensor"

// ReLU adds y = max(x, 0), for x of any shape with the batch first.
func (b *Builder[T]) ReLU(x *Node) *Node {
	if !b.ready("relu", []int{-1}, x) {
		return nil
	}
	k, width, rows := b.k, rowWidth(x.Shape()), b.rowsOf(x)
	return b.apply(kernel[T]{
		name: "relu",
		forward: func(in [][]T, out []T) error {
			n := *rows * width
			k.ReLU(in[0][:n], out[:n])
			return nil
		},
		backward: func(_ [][]T, out, grad []T, d [][]T) error {
			n := *rows * width
			k.ReLUGrad(out[:n], grad[:n], d[0][:n])
			return nil
		},
	}, x.Shape().Clone(), x)
}

// Add adds y = x1 + x2 for two inputs of one shape.
func (b *Builder[T]) Add(x1, x2 *Node) *Node { return b.add("add", x1, x2, false) }

// AddReLU adds y = max(x1 + x2, 0): the end of a residual block.
func (b *Builder[T]) AddReLU(x1, x2 *Node) *Node { return b.add("addrelu", x1, x2, true) }

func (b *Builder[T]) add(name string, x1, x2 *Node, relu bool) *Node {
	if !b.ready(name, []int{-1, -1}, x1, x2) {
		return nil
	}
	if !x1.Shape().Eq(x2.Shape()) {
		return b.fail("%s: shapes %v and %v differ", name, x1.Shape(), x2.Shape())
	}
	k, width, rows := b.k, rowWidth(x1.Shape()), b.rowsOf(x1)
	return b.apply(kernel[T]{
		name:     name,
		sameGrad: true,
		forward: func(in [][]T, out []T) error {
			n := *rows * width
			k.AddReLU(in[0][:n], in[1][:n], relu, out[:n])
			return nil
		},
		backward: func(_ [][]T, out, grad []T, d [][]T) error {
			n := *rows * width
			dx := d[0]
			if dx == nil {
				dx = d[1]
			}
			if !relu {
				copy(dx[:n], grad)
				return nil
			}
			k.ReLUGrad(out[:n], grad[:n], dx[:n])
			return nil
		},
	}, x1.Shape().Clone(), x1, x2)
}

// rowWidth is the number of elements per batch row.
func rowWidth(s tensor.Shape) int { return s.TotalSize() / s[0] }
