package ops

import (
	"math"
	"math/rand/v2"
	"testing"
)

// problem is a graph under test: leaves with their data, and a function that
// builds the scalar loss from them.
type problem[T Float] struct {
	batch int
	names []string
	data  [][]T
	shape [][]int
	fixed map[string]bool // leaves without a gradient
	build func(b *Builder[T], leaf map[string]*Node) *Node
	plain bool // force plain loops, for float32
}

// leaf adds a normally distributed leaf.
func (p *problem[T]) leaf(rng *rand.Rand, name string, shape ...int) {
	n := 1
	for _, d := range shape {
		n *= d
	}
	x := make([]T, n)
	for i := range x {
		x[i] = T(float32(rng.NormFloat64())) // the same values in both precisions
	}
	p.names, p.data, p.shape = append(p.names, name), append(p.data, x), append(p.shape, shape)
}

// compiled is a problem's graph ready to run.
type compiled[T Float] struct {
	m     *Machine[T]
	loss  []T
	grads map[string][]T
}

func (p *problem[T]) compile(t testing.TB) *compiled[T] {
	t.Helper()
	b := NewBuilder[T](p.batch)
	if p.plain {
		b.k = plain[T]{}
	}
	leaves := map[string]*Node{}
	var wrt []*Node
	for i, name := range p.names {
		leaves[name] = b.Param(name, p.data[i], !p.fixed[name], p.shape[i]...)
		if !p.fixed[name] {
			wrt = append(wrt, leaves[name])
		}
	}
	loss := p.build(b, leaves)
	grads, err := b.Gradients(loss, wrt...)
	if err != nil {
		t.Fatal(err)
	}
	c := &compiled[T]{grads: map[string][]T{}}
	if c.loss, err = Values[T](loss); err != nil {
		t.Fatal(err)
	}
	for i, n := range wrt {
		if c.grads[n.Name()], err = Values[T](grads[i]); err != nil {
			t.Fatal(err)
		}
	}
	if c.m, err = b.Compile(); err != nil {
		t.Fatal(err)
	}
	return c
}

// run computes loss and gradients for rows rows.
func (c *compiled[T]) run(t testing.TB, rows int) float64 {
	t.Helper()
	if err := c.m.Run(rows, 1); err != nil {
		t.Fatal(err)
	}
	return float64(c.loss[0])
}

// finite compares every leaf's gradient with central differences, for rows
// rows, in up to some 50 evenly spread elements. The error is relative to the
// norm of those.
func finite(t *testing.T, p *problem[float64], rows int) {
	t.Helper()
	c := p.compile(t)
	c.run(t, rows)
	analytic := map[string][]float64{}
	for name, g := range c.grads {
		analytic[name] = append([]float64(nil), g...)
	}
	const h = 1e-5
	for i, name := range p.names {
		if p.fixed[name] {
			continue
		}
		var diff, size float64
		every := max(1, len(p.data[i])/50) | 1 // odd, to visit all rows and columns
		for j := 0; j < len(p.data[i]); j += every {
			v := p.data[i][j]
			p.data[i][j] = v + h
			up := c.run(t, rows)
			p.data[i][j] = v - h
			down := c.run(t, rows)
			p.data[i][j] = v
			want := (up - down) / (2 * h)
			diff += (analytic[name][j] - want) * (analytic[name][j] - want)
			size += want * want
		}
		rel := math.Sqrt(diff) / math.Max(math.Sqrt(size), 1e-3)
		if !(rel < 1e-6) {
			t.Errorf("gradient of %s is off by %.2g relative to its norm %.3g", name, rel, math.Sqrt(size))
		}
	}
}

// head turns any activation into a scalar whose gradient has no symmetry: a
// linear layer over all elements and a cross-entropy.
func head[T Float](b *Builder[T], x *Node, w *Node, labels []int32) *Node {
	if x.Dims() == 4 {
		x = b.flatten(x)
	}
	return b.SoftmaxCrossEntropy(b.Linear(x, w, nil), &Targets[T]{Labels: labels}, LossConfig{})
}

// flatten reshapes (N, C, H, W) to (N, C*H*W), by a copy; only tests need it.
func (b *Builder[T]) flatten(x *Node) *Node {
	s := x.Shape()
	return b.apply(kernel[T]{
		name:     "flatten",
		forward:  func(in [][]T, out []T) error { copy(out, in[0]); return nil },
		backward: func(_ [][]T, _, grad []T, d [][]T) error { copy(d[0], grad); return nil },
	}, []int{s[0], s.TotalSize() / s[0]}, x)
}
