package ops

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// visionTransformer is a small one: two images of 3 x 2 patches, two layers.
func visionTransformer[T Float](fixed ...string) *problem[T] {
	rng := rand.New(rand.NewPCG(61, 61))
	p := &problem[T]{batch: 2, fixed: map[string]bool{"x": true}}
	for _, name := range fixed {
		p.fixed[name] = true
	}
	p.leaf(rng, "x", 2, 3, 7, 4) // a row of pixels is left over
	p.leaf(rng, "patch.w", 6, 3, 2, 2)
	p.leaf(rng, "patch.b", 6)
	p.leaf(rng, "class", 1, 1, 6)
	p.leaf(rng, "position", 1, 7, 6)
	for _, layer := range []string{"a.", "b."} {
		attentionLeaves(p, rng, layer, 6)
		for _, n := range []string{"1", "2"} {
			p.leaf(rng, layer+n+".gamma", 6)
			p.leaf(rng, layer+n+".beta", 6)
		}
		p.leaf(rng, layer+"w1", 9, 6)
		p.leaf(rng, layer+"b1", 9)
		p.leaf(rng, layer+"w2", 6, 9)
		p.leaf(rng, layer+"b2", 6)
	}
	p.leaf(rng, "head", 3, 6)
	p.build = buildVisionTransformer[T]
	return p
}

func buildVisionTransformer[T Float](b *Builder[T], l map[string]*Node) *Node {
	seqs := b.Sequences(2 * 7)
	if err := seqs.Set([]int32{7, 7}); err != nil {
		panic(err)
	}
	norm := func(name string) *Norm {
		return &Norm{Gamma: l[name+".gamma"], Beta: l[name+".beta"], Eps: 1e-5}
	}
	x := b.PatchEmbed(l["x"], PatchParams{Weight: l["patch.w"], Bias: l["patch.b"], Class: l["class"], Position: l["position"]})
	for _, layer := range []string{"a.", "b."} {
		x = b.SelfAttention(x, attentionParams(l, layer), AttentionConfig{Heads: 2, Residual: true, Norm: norm(layer + "1")})
		ff := FeedForwardParams{InW: l[layer+"w1"], InB: l[layer+"b1"], OutW: l[layer+"w2"], OutB: l[layer+"b2"]}
		x = b.FeedForward(x, ff, FeedForwardConfig{Residual: true, Norm: norm(layer + "2")})
	}
	return head(b, b.FirstToken(x), l["head"], []int32{1, 2})
}

func TestVisionTransformerGradient(t *testing.T) {
	finite(t, visionTransformer[float64](), 2)
	keys := []string{"a.k.b", "b.k.b"} // whose gradient is zero but for rounding
	agree(t, visionTransformer[float64](keys...), visionTransformer[float32](keys...), visionTransformer[float32](keys...), 2)
}

// The layers of a large residual network that the small one has not: a stem of 7x7 pixels with stride 2, a pooled maximum, a
// bottleneck whose shortcut is normalized, too.
func bottleneck[T Float]() *problem[T] {
	rng := rand.New(rand.NewPCG(71, 71))
	p := &problem[T]{batch: 3, fixed: map[string]bool{"x": true}}
	p.leaf(rng, "x", 3, 2, 13, 11)
	conv := func(name string, in, out, kernel int) {
		p.leaf(rng, name+".w", out, in, kernel, kernel)
		p.leaf(rng, name+".gamma", out)
		p.leaf(rng, name+".beta", out)
	}
	conv("stem", 2, 4, 7)
	conv("down", 4, 6, 1)
	conv("a", 4, 2, 1)
	conv("b", 2, 2, 3)
	conv("c", 2, 6, 1)
	p.leaf(rng, "head", 3, 6)
	p.build = func(b *Builder[T], l map[string]*Node) *Node {
		layer := func(name string, x *Node, stride int, relu bool) *Node {
			pad := l[name+".w"].Shape()[2] / 2
			y := b.Conv2D(x, l[name+".w"], nil, ConvConfig{StrideH: stride, StrideW: stride, PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad})
			y, _ = b.BatchNormTrain(y, l[name+".gamma"], l[name+".beta"], NormConfig{Eps: 1e-5, ReLU: relu})
			return y
		}
		x := b.MaxPool(layer("stem", l["x"], 2, true), PoolConfig{KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1})
		y := layer("c", layer("b", layer("a", x, 1, true), 2, true), 1, false)
		x = b.AddReLU(layer("down", x, 2, false), y)
		return head(b, b.GlobalAveragePool(x), l["head"], []int32{2, 0, 1})
	}
	return p
}

func TestBottleneckGradient(t *testing.T) {
	finite(t, bottleneck[float64](), 3)
	agree(t, bottleneck[float64](), bottleneck[float32](), bottleneck[float32](), 3, 2)
}

func TestVisionOperationsReportErrors(t *testing.T) {
	shapes := map[string][]int{"x": {2, 3, 4, 4}, "w": {6, 3, 2, 2}, "b": {6}, "class": {1, 1, 6}, "position": {1, 5, 6}}
	for want, c := range map[string]struct {
		leaf    string
		shape   []int
		tokens  int
		trained bool
	}{
		"does not fit images": {"w", []int{6, 1, 2, 2}, 10, false},
		"weight (6, 3, 5, 2)": {"w", []int{6, 3, 5, 2}, 10, false},
		"positions (1, 6, 6)": {"position", []int{1, 6, 6}, 10, false},
		"bias (5)":            {"b", []int{5}, 10, false},
		"do not hold 2":       {"b", []int{6}, 9, false},
		"no gradient":         {"b", []int{6}, 10, true},
	} {
		b := NewBuilder[float32](2)
		b.Sequences(c.tokens)
		leaves := map[string]*Node{}
		for name, shape := range shapes {
			if name == c.leaf {
				shape = c.shape
			}
			n := 1
			for _, d := range shape {
				n *= d
			}
			leaves[name] = b.Param(name, make([]float32, n), name != "x" || c.trained, shape...)
		}
		b.PatchEmbed(leaves["x"], PatchParams{Weight: leaves["w"], Bias: leaves["b"], Class: leaves["class"], Position: leaves["position"]})
		if b.Err() == nil || !strings.Contains(b.Err().Error(), want) {
			t.Errorf("%s: %v", want, b.Err())
		}
	}
}
