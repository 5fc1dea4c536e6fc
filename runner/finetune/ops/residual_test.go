package ops

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// residual is a small residual network with every kind of layer of the real
// one: convolution, batch norm in both modes, a block with identity shortcut, a
// strided block with a 1x1 shortcut, pooling, dropout and a linear head.
func residual[T Float](fixed ...string) *problem[T] {
	rng := rand.New(rand.NewPCG(21, 21))
	p := &problem[T]{batch: 3, fixed: map[string]bool{"x": true}}
	for _, name := range fixed {
		p.fixed[name] = true
	}
	p.leaf(rng, "x", 3, 2, 6, 6)
	conv := func(name string, in, out, kernel int) {
		p.leaf(rng, name+".w", out, in, kernel, kernel)
		p.leaf(rng, name+".b", out)
		p.leaf(rng, name+".gamma", out)
		p.leaf(rng, name+".beta", out)
	}
	conv("stem", 2, 4, 3)
	conv("a1", 4, 4, 3)
	conv("a2", 4, 4, 3)
	conv("b1", 4, 6, 3)
	conv("b2", 6, 6, 3)
	p.leaf(rng, "down.w", 6, 4, 1, 1)
	p.leaf(rng, "down.b", 6)
	p.leaf(rng, "fc.w", 3, 6)
	p.leaf(rng, "fc.b", 3)
	p.build = buildResidual[T]
	return p
}

func buildResidual[T Float](b *Builder[T], l map[string]*Node) *Node {
	layer := func(name string, x *Node, stride int, relu bool) *Node {
		c := ConvConfig{StrideH: stride, StrideW: stride}
		c.PadTop, c.PadBottom = SamePad(x.Shape()[2], 3, stride)
		c.PadLeft, c.PadRight = SamePad(x.Shape()[3], 3, stride)
		y := b.Conv2D(x, l[name+".w"], l[name+".b"], c)
		cfg := NormConfig{Eps: 1e-3, ReLU: relu}
		if name == "a1" {
			return b.BatchNormEval(y, l[name+".gamma"], l[name+".beta"], []T{0, 1, 2, 3}, []T{1, 2, 3, 4}, cfg)
		}
		y, _ = b.BatchNormTrain(y, l[name+".gamma"], l[name+".beta"], cfg)
		return y
	}
	x := layer("stem", l["x"], 1, true)
	x = b.AddReLU(x, layer("a2", layer("a1", x, 1, true), 1, false))
	short := b.Conv2D(x, l["down.w"], l["down.b"], ConvConfig{StrideH: 2, StrideW: 2})
	x = b.AddReLU(short, layer("b2", layer("b1", x, 2, true), 1, false))
	x = b.Dropout(b.GlobalAveragePool(x), Drop{P: 0.2, Seed: 3})
	t := &Targets[T]{Labels: []int32{2, 0, 1}}
	return b.SoftmaxCrossEntropy(b.Linear(x, l["fc.w"], l["fc.b"]), t, LossConfig{LabelSmoothing: 0.1})
}

func TestResidualNetGradient(t *testing.T) {
	finite(t, residual[float64](), 3)
	finite(t, residual[float64](), 2) // one row of padding
}

// With the lower layers frozen, the remaining gradients are unchanged, and no
// operation below the cut has a backward pass.
func TestFrozenPrefixCostsNothing(t *testing.T) {
	for name, c := range map[string]struct {
		make func(fixed ...string) *problem[float64]
		is   func(leaf string) bool // below the cut
		ops  int                    // operations below the cut
	}{
		"residual":    {residual[float64], func(n string) bool { return n[0] == 's' || n[0] == 'a' }, 7},
		"transformer": {transformer[float64], func(n string) bool { return n[:2] != "b." && n[0] != 'p' && n[0] != 'h' || n == "position" }, 6},
	} {
		t.Run(name, func(t *testing.T) {
			p := c.make()
			below := slices.DeleteFunc(slices.Clone(p.names), func(n string) bool { return !c.is(n) })
			all, part := p.compile(t), c.make(below...).compile(t)
			all.run(t, 3)
			part.run(t, 3)
			for name, g := range part.grads {
				if !slices.Equal(g, all.grads[name]) {
					t.Errorf("gradient of %s depends on what is frozen", name)
				}
			}
			if len(part.grads) == 0 || len(part.grads)+len(below) > len(p.names) {
				t.Errorf("%d of %d leaves are frozen, %d have gradients", len(below), len(p.names), len(part.grads))
			}
			for _, n := range part.m.b.graph.AllNodes() {
				if back, ok := n.Op().(*backward[float64]); ok && back.of.id < c.ops {
					t.Errorf("%s is computed for nobody", back)
				}
			}
		})
	}
}

// The float32 path on package blas agrees with float64, and with plain float32
// loops.
func TestPrecisionsAgree(t *testing.T) {
	t.Run("residual", func(t *testing.T) {
		agree(t, residual[float64](), residual[float32](), residual[float32](), 3, 2)
	})
	t.Run("transformer", func(t *testing.T) {
		agree(t, transformer[float64](), transformer[float32](), transformer[float32](), 3)
	})
}

func agree(t *testing.T, p64 *problem[float64], p32, loops *problem[float32], rows ...int) {
	loops.plain = true
	c64, c32, cl := p64.compile(t), p32.compile(t), loops.compile(t)
	for _, rows := range rows {
		want := c64.run(t, rows)
		for name, got := range map[string]float64{"blas": c32.run(t, rows), "loops": cl.run(t, rows)} {
			if math.Abs(got-want) > 1e-5*math.Abs(want) {
				t.Errorf("%s: loss %v, want %v", name, got, want)
			}
		}
		for name, g := range c64.grads {
			if p64.fixed[name] {
				continue
			}
			compareGrad(t, "blas "+name, c32.grads[name], g)
			compareGrad(t, "loops "+name, cl.grads[name], g)
		}
	}
}

func compareGrad(t *testing.T, name string, got []float32, want []float64) {
	t.Helper()
	var diff, size float64
	for i, w := range want {
		diff += (float64(got[i]) - w) * (float64(got[i]) - w)
		size += w * w
	}
	// Biases below a batch norm have a gradient of zero; hence the floor.
	if rel := math.Sqrt(diff) / math.Max(math.Sqrt(size), 1e-2); !(rel < 1e-4) {
		t.Errorf("%s: gradients differ by %.2g", name, rel)
	}
}

// Two runs, and two graphs, give the same bits.
func TestRunsAreIdentical(t *testing.T) {
	for name, c := range map[string]struct {
		make  func(...string) *problem[float32]
		first int // rows of a run before
	}{"residual": {residual[float32], 2}, "transformer": {transformer[float32], 3}} {
		t.Run(name, func(t *testing.T) {
			a, b := c.make().compile(t), c.make().compile(t)
			a.run(t, 3)
			b.run(t, c.first)
			b.run(t, 3) // what the first run has left behind does not matter
			for name, g := range a.grads {
				if !slices.Equal(g, b.grads[name]) {
					t.Errorf("gradient of %s differs", name)
				}
			}
		})
	}
}
