package ops

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestBinaryCrossEntropyGradient(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	values := make([]float64, 4*3)
	for i := range values {
		values[i] = float64(rng.IntN(2))
	}
	for name, c := range map[string]struct {
		t    Targets[float64]
		cfg  LossConfig
		rows int
	}{
		"plain":   {Targets[float64]{Values: values}, LossConfig{}, 4},
		"padding": {Targets[float64]{Values: values}, LossConfig{}, 3},
		"all": {Targets[float64]{Values: values, Weights: []float64{1, 0, 2, 0.5}},
			LossConfig{LabelSmoothing: 0.2, ClassWeights: []float32{1, 3, 0.5}}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			p := &problem[float64]{batch: 4, build: func(b *Builder[float64], l map[string]*Node) *Node {
				return b.BinaryCrossEntropy(l["logits"], &c.t, c.cfg)
			}}
			p.leaf(rng, "logits", 4, 3)
			finite(t, p, c.rows)
		})
	}
}

// The terms are written out with the softplus function.
func TestBinaryCrossEntropyValues(t *testing.T) {
	logits := []float64{0.5, -1, 2, -800, 800, 0}
	values := []float64{1, 0, 1, 0, 1, 1}
	for _, c := range []struct {
		cfg  LossConfig
		want float64
	}{
		{LossConfig{}, (softplus(-0.5) + softplus(-1) + softplus(-2) + 0 + 0 + math.Ln2) / 6},
		{LossConfig{ClassWeights: []float32{1, 3, 0.5}}, (softplus(-0.5) + softplus(-1) + 0.5*softplus(-2) + 0.5*math.Ln2) / 6},
		{LossConfig{LabelSmoothing: 1}, (softplus(-0.5) + softplus(0.5) + softplus(-1) + softplus(1) + softplus(-2) + softplus(2) + 800 + 800 + 2*math.Ln2) / 12},
	} {
		b := NewBuilder[float64](2)
		loss := b.BinaryCrossEntropy(b.Param("logits", logits, true, 2, 3), &Targets[float64]{Values: values}, c.cfg)
		got, err := Values[float64](loss)
		if err != nil {
			t.Fatal(err)
		}
		m, err := b.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Run(2, 0); err != nil {
			t.Fatal(err)
		}
		if !(math.Abs(got[0]-c.want) <= 1e-12*c.want) {
			t.Errorf("%+v: loss %v, want %v", c.cfg, got[0], c.want)
		}
	}
}

func softplus(x float64) float64 { return math.Log(1 + math.Exp(x)) }

func TestBinaryCrossEntropyRefuses(t *testing.T) {
	for _, c := range []LossConfig{{ClassWeights: []float32{1}}, {LabelSmoothing: 2}} {
		b := NewBuilder[float64](1)
		if b.BinaryCrossEntropy(b.Param("logits", []float64{1, 2}, true, 1, 2), &Targets[float64]{}, c); b.Err() == nil {
			t.Errorf("%+v is accepted", c)
		}
	}
	b := NewBuilder[float64](2)
	b.BinaryCrossEntropy(b.Param("logits", []float64{1, 2}, true, 2, 1), &Targets[float64]{Values: []float64{1}}, LossConfig{})
	m, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Run(2, 0); err == nil {
		t.Error("one value is enough for two rows")
	}
}
