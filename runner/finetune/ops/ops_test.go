package ops

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// newProblem starts a problem with an image leaf x and a head over the
// activation of the given size.
func newProblem(x []int, features int, build func(b *Builder[float64], l map[string]*Node) *Node) (*problem[float64], *rand.Rand) {
	rng := rand.New(rand.NewPCG(11, 11))
	p := &problem[float64]{batch: x[0], fixed: map[string]bool{}}
	p.leaf(rng, "x", x...)
	p.leaf(rng, "head", 3, features)
	labels := []int32{0, 2, 1, 2}[:x[0]]
	p.build = func(b *Builder[float64], l map[string]*Node) *Node { return head(b, build(b, l), l["head"], labels) }
	return p, rng
}

func TestConvGradient(t *testing.T) {
	for name, c := range map[string]ConvConfig{
		"same":       {StrideH: 1, StrideW: 1, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1},
		"tensorflow": {StrideH: 2, StrideW: 2, PadBottom: 1, PadRight: 1},
		"odd":        {StrideH: 2, StrideW: 1, PadTop: 2, PadLeft: 1},
	} {
		t.Run(name, func(t *testing.T) {
			oh, ow := (6+c.PadTop+c.PadBottom-3)/c.StrideH+1, (4+c.PadLeft+c.PadRight-3)/c.StrideW+1
			p, rng := newProblem([]int{2, 2, 6, 4}, 3*oh*ow, func(b *Builder[float64], l map[string]*Node) *Node {
				return b.Conv2D(l["x"], l["w"], l["b"], c)
			})
			p.leaf(rng, "w", 3, 2, 3, 3)
			p.leaf(rng, "b", 3)
			finite(t, p, 2)
		})
	}
}

func TestConvWithoutBiasGradient(t *testing.T) {
	p, rng := newProblem([]int{2, 3, 2, 2}, 8, func(b *Builder[float64], l map[string]*Node) *Node {
		return b.Conv2D(l["x"], l["w"], nil, ConvConfig{StrideH: 1, StrideW: 1})
	})
	p.leaf(rng, "w", 2, 3, 1, 1)
	finite(t, p, 2)
}

func TestBatchNormGradient(t *testing.T) {
	for name, relu := range map[string]bool{"linear": false, "relu": true} {
		cfg := NormConfig{Eps: 1e-3, ReLU: relu}
		t.Run("train/"+name, func(t *testing.T) {
			p, rng := newProblem([]int{3, 2, 2, 3}, 12, func(b *Builder[float64], l map[string]*Node) *Node {
				y, _ := b.BatchNormTrain(l["x"], l["gamma"], l["beta"], cfg)
				return y
			})
			p.leaf(rng, "gamma", 2)
			p.leaf(rng, "beta", 2)
			finite(t, p, 3)
			finite(t, p, 2) // the last row is padding
		})
		t.Run("eval/"+name, func(t *testing.T) {
			p, rng := newProblem([]int{3, 2, 2, 3}, 12, func(b *Builder[float64], l map[string]*Node) *Node {
				return b.BatchNormEval(l["x"], l["gamma"], l["beta"], []float64{0.3, -1}, []float64{2, 0.5}, cfg)
			})
			p.leaf(rng, "gamma", 2)
			p.leaf(rng, "beta", 2)
			finite(t, p, 3)
		})
	}
}

func TestPointwiseGradients(t *testing.T) {
	for name, f := range map[string]func(b *Builder[float64], x, y *Node) *Node{
		"relu":    func(b *Builder[float64], x, y *Node) *Node { return b.ReLU(b.Add(x, y)) },
		"add":     func(b *Builder[float64], x, y *Node) *Node { return b.Add(x, y) },
		"addrelu": func(b *Builder[float64], x, y *Node) *Node { return b.AddReLU(x, y) },
		"dropout": func(b *Builder[float64], x, y *Node) *Node {
			return b.Dropout(b.Add(x, y), Drop{P: 0.4, Seed: 9, Number: 1})
		},
		"both": func(b *Builder[float64], x, y *Node) *Node { return b.AddReLU(b.Add(x, y), b.ReLU(y)) },
	} {
		t.Run(name, func(t *testing.T) {
			p, rng := newProblem([]int{2, 2, 2, 3}, 12, func(b *Builder[float64], l map[string]*Node) *Node {
				// The factors are leaves used once, as Gradients demands.
				x := b.Conv2D(l["x"], l["v"], nil, ConvConfig{StrideH: 1, StrideW: 1})
				y := b.Conv2D(l["y"], l["w"], nil, ConvConfig{StrideH: 1, StrideW: 1})
				return f(b, x, y)
			})
			p.leaf(rng, "y", 2, 2, 2, 3)
			p.leaf(rng, "v", 2, 2, 1, 1)
			p.leaf(rng, "w", 2, 2, 1, 1)
			finite(t, p, 2)
		})
	}
}

func TestPoolGradients(t *testing.T) {
	p, _ := newProblem([]int{2, 2, 5, 4}, 2*3*2, func(b *Builder[float64], l map[string]*Node) *Node {
		return b.MaxPool(l["x"], PoolConfig{KH: 3, KW: 2, StrideH: 2, StrideW: 2, PadTop: 1, PadBottom: 1})
	})
	finite(t, p, 2)
	p, _ = newProblem([]int{2, 4, 3, 2}, 4, func(b *Builder[float64], l map[string]*Node) *Node {
		return b.GlobalAveragePool(l["x"])
	})
	finite(t, p, 2)
}

func TestLinearGradient(t *testing.T) {
	p, rng := newProblem([]int{3, 5}, 4, func(b *Builder[float64], l map[string]*Node) *Node {
		return b.Linear(l["x"], l["w"], l["b"])
	})
	p.leaf(rng, "w", 4, 5)
	p.leaf(rng, "b", 4)
	finite(t, p, 3)
	finite(t, p, 2)
}

// Two layers, ReLU and dropout between them, a padding row: a multilayer perceptron with everything it has.
func TestPerceptronGradient(t *testing.T) {
	p := &problem[float64]{batch: 4, fixed: map[string]bool{"x": true}}
	rng := rand.New(rand.NewPCG(9, 9))
	p.leaf(rng, "x", 4, 5)
	p.leaf(rng, "w1", 7, 5)
	p.leaf(rng, "b1", 7)
	p.leaf(rng, "w2", 3, 7)
	p.leaf(rng, "b2", 3)
	targets := &Targets[float64]{Labels: []int32{2, 0, 1, -1}}
	p.build = func(b *Builder[float64], l map[string]*Node) *Node {
		x := b.Dropout(b.ReLU(b.Linear(l["x"], l["w1"], l["b1"])), Drop{P: 0.3, Seed: 5})
		return b.SoftmaxCrossEntropy(b.Linear(x, l["w2"], l["b2"]), targets, LossConfig{LabelSmoothing: 0.1})
	}
	finite(t, p, 3)
}

func TestCrossEntropyGradient(t *testing.T) {
	smooth := LossConfig{LabelSmoothing: 0.2, ClassWeights: []float32{1, 0.5, 3}}
	for name, c := range map[string]struct {
		t   Targets[float64]
		cfg LossConfig
	}{
		"labels":  {t: Targets[float64]{Labels: []int32{0, 2, 1}}},
		"smooth":  {t: Targets[float64]{Labels: []int32{0, 2, 1}}, cfg: smooth},
		"masked":  {t: Targets[float64]{Labels: []int32{0, -1, 1}, Weights: []float64{1, 1, 0.3}}, cfg: smooth},
		"mixture": {t: Targets[float64]{Probs: []float64{0.5, 0.5, 0, 0, 0, 1, 0.2, 0.3, 0.5}}, cfg: smooth},
	} {
		t.Run(name, func(t *testing.T) {
			p := &problem[float64]{batch: 3}
			p.leaf(rand.New(rand.NewPCG(4, 4)), "logits", 3, 3)
			p.build = func(b *Builder[float64], l map[string]*Node) *Node {
				return b.SoftmaxCrossEntropy(l["logits"], &c.t, c.cfg)
			}
			finite(t, p, 3)
		})
	}
}

// Values checked by hand or against torch.nn.functional.cross_entropy.
func TestCrossEntropyValues(t *testing.T) {
	for name, c := range map[string]struct {
		t    Targets[float64]
		cfg  LossConfig
		want float64
	}{
		// -log softmax([0,ln2,0]) = ln4, ln4-ln2, ln4; rows: class 1, class 0.
		"mean":     {Targets[float64]{Labels: []int32{1, 0}}, LossConfig{}, (math.Log(2) + math.Log(4)) / 2},
		"weighted": {Targets[float64]{Labels: []int32{1, 0}}, LossConfig{ClassWeights: []float32{3, 1, 1}}, (math.Log(2) + 3*math.Log(4)) / 4},
		"masked":   {Targets[float64]{Labels: []int32{1, -1}}, LossConfig{}, math.Log(2)},
		"nothing":  {Targets[float64]{Labels: []int32{-1, -1}}, LossConfig{}, 0},
		"smooth":   {Targets[float64]{Labels: []int32{1, 1}}, LossConfig{LabelSmoothing: 0.3}, 0.8*math.Log(2) + 0.2*math.Log(4)},
	} {
		b := NewBuilder[float64](2)
		logits := b.Param("logits", []float64{0, math.Log(2), 0, 0, math.Log(2), 0}, true, 2, 3)
		loss := b.SoftmaxCrossEntropy(logits, &c.t, c.cfg)
		m, err := b.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Run(2, 0); err != nil {
			t.Fatal(err)
		}
		if got, _ := Values[float64](loss); math.Abs(got[0]-c.want) > 1e-12 {
			t.Errorf("%s: loss %v, want %v", name, got[0], c.want)
		}
	}
}

func TestCrossEntropyRefusesLabels(t *testing.T) {
	b := NewBuilder[float64](1)
	b.SoftmaxCrossEntropy(b.Param("logits", []float64{1, 2}, true, 1, 2), &Targets[float64]{Labels: []int32{2}}, LossConfig{})
	m, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Run(1, 0); err == nil || !strings.Contains(err.Error(), "label 2") {
		t.Errorf("got error %v", err)
	}
}

func TestDropout(t *testing.T) {
	const n, p = 20000, 0.3
	x := slices.Repeat([]float32{1}, 2*n)
	b := NewBuilder[float32](2)
	in := b.Input("x", x, 2, n)
	one, two := b.Dropout(in, Drop{p, 5, 0}), b.Dropout(in, Drop{p, 5, 1})
	if b.Dropout(in, Drop{0, 5, 0}) != in {
		t.Error("p = 0 adds an operation")
	}
	m, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	run := func(step uint64, node *Node) []float32 {
		if err := m.Run(2, step); err != nil {
			t.Fatal(err)
		}
		v, _ := Values[float32](node)
		return slices.Clone(v)
	}
	first, kept := run(1, one), 0
	for _, v := range first {
		if v != 0 {
			kept++
			if v != float32(1/(1-p)) {
				t.Fatalf("kept value %v", v)
			}
		}
	}
	if rate := float64(kept) / (2 * n); math.Abs(rate-(1-p)) > 0.01 {
		t.Errorf("kept %v of the values", rate)
	}
	if !slices.Equal(first, run(1, one)) {
		t.Error("the same step gives another mask")
	}
	if slices.Equal(first, run(2, one)) || slices.Equal(first, run(1, two)) {
		t.Error("another step or number gives the same mask")
	}
}

func TestBuilderReportsErrors(t *testing.T) {
	b := NewBuilder[float32](1)
	x := b.Input("x", make([]float32, 4), 1, 4)
	if y := b.Linear(x, b.Param("w", make([]float32, 6), true, 2, 3), nil); y != nil || b.Err() == nil {
		t.Errorf("shapes that do not agree: node %v, error %v", y, b.Err())
	}
	if b.ReLU(x) != nil {
		t.Error("added an operation after an error")
	}
	if _, err := b.Compile(); err == nil {
		t.Error("compiled after an error")
	}
	b = NewBuilder[float32](1)
	b.Input("x", make([]float32, 4), 1, 4)
	if b.Input("x", make([]float32, 4), 1, 4); b.Err() == nil {
		t.Error("two leaves of one name")
	}
}
