package ops

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// textLengths are the sequences of the tests: 9 tokens in a graph that holds 12.
var textLengths = []int32{4, 1, 4}

const textTokens = 12

// textProblem starts a problem with token activations x of width 6, from which
// build makes others of the same width; a mean over tokens and a linear head
// follow.
func textProblem(build func(b *Builder[float64], l map[string]*Node) *Node) (*problem[float64], *rand.Rand) {
	rng := rand.New(rand.NewPCG(31, 31))
	p := &problem[float64]{batch: 3, fixed: map[string]bool{}}
	p.leaf(rng, "x", textTokens, 6)
	p.leaf(rng, "head", 3, 6)
	p.build = func(b *Builder[float64], l map[string]*Node) *Node {
		tokenLeaf(b, l["x"])
		return head(b, b.MeanTokens(build(b, l)), l["head"], []int32{0, 2, 1})
	}
	return p, rng
}

// tokenLeaf makes a leaf one of token rows, of which textLengths count.
func tokenLeaf[T Float](b *Builder[T], x *Node) {
	seqs := b.Sequences(textTokens)
	if err := seqs.Set(textLengths); err != nil {
		panic(err)
	}
	b.rows[x] = &seqs.tokens
}

func TestLayerNormGradient(t *testing.T) {
	p, rng := textProblem(func(b *Builder[float64], l map[string]*Node) *Node {
		return b.LayerNorm(l["x"], l["gamma"], l["beta"], 1e-5)
	})
	p.leaf(rng, "gamma", 6)
	p.leaf(rng, "beta", 6)
	finite(t, p, 3)
}

func attentionLeaves[T Float](p *problem[T], rng *rand.Rand, prefix string, h int) {
	for _, n := range []string{"q", "k", "v", "o"} {
		p.leaf(rng, prefix+n+".w", h, h)
		p.leaf(rng, prefix+n+".b", h)
	}
}

func attentionParams(l map[string]*Node, prefix string) AttentionParams {
	at := func(name string) *Node { return l[prefix+name] }
	return AttentionParams{QueryW: at("q.w"), QueryB: at("q.b"), KeyW: at("k.w"), KeyB: at("k.b"),
		ValueW: at("v.w"), ValueB: at("v.b"), OutW: at("o.w"), OutB: at("o.b")}
}

func TestAttentionGradient(t *testing.T) {
	for name, c := range map[string]AttentionConfig{
		"plain":                 {Heads: 2},
		"residual":              {Heads: 3, Residual: true},
		"causal":                {Heads: 1, Causal: true},
		"norm":                  {Heads: 2, Causal: true, Residual: true, Norm: &Norm{Eps: 1e-5}},
		"norm without residual": {Heads: 2, Norm: &Norm{Eps: 1e-5}},
		"dropout":               {Heads: 2, Residual: true, Weights: Drop{P: 0.3, Seed: 4, Number: 1}, Out: Drop{P: 0.4, Seed: 4, Number: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			p, rng := textProblem(func(b *Builder[float64], l map[string]*Node) *Node {
				c.Norm = normLeaves(c.Norm, l)
				return b.SelfAttention(l["x"], attentionParams(l, ""), c)
			})
			attentionLeaves(p, rng, "", 6)
			addNorm(p, rng, c.Norm)
			finite(t, p, 3)
		})
	}
}

// addNorm adds the leaves of a norm before an operation, if it has one; normLeaves
// takes them.
func addNorm(p *problem[float64], rng *rand.Rand, norm *Norm) {
	if norm != nil {
		p.leaf(rng, "gamma", 6)
		p.leaf(rng, "beta", 6)
	}
}

func normLeaves(norm *Norm, l map[string]*Node) *Norm {
	if norm == nil {
		return nil
	}
	return &Norm{Gamma: l["gamma"], Beta: l["beta"], Eps: norm.Eps}
}

func TestFeedForwardGradient(t *testing.T) {
	for name, c := range map[string]FeedForwardConfig{
		"plain":                 {},
		"residual":              {Residual: true},
		"tanh":                  {Tanh: true},
		"norm":                  {Tanh: true, Residual: true, Norm: &Norm{Eps: 1e-5}},
		"norm without residual": {Norm: &Norm{Eps: 1e-5}},
		"dropout":               {Residual: true, Out: Drop{P: 0.4, Seed: 4, Number: 2}},
	} {
		t.Run(name, func(t *testing.T) {
			p, rng := textProblem(func(b *Builder[float64], l map[string]*Node) *Node {
				c.Norm = normLeaves(c.Norm, l)
				return b.FeedForward(l["x"], FeedForwardParams{InW: l["w1"], InB: l["b1"], OutW: l["w2"], OutB: l["b2"]}, c)
			})
			p.leaf(rng, "w1", 10, 6)
			p.leaf(rng, "b1", 10)
			p.leaf(rng, "w2", 6, 10)
			p.leaf(rng, "b2", 6)
			addNorm(p, rng, c.Norm)
			finite(t, p, 3)
		})
	}
}

func TestTokenPoolGradients(t *testing.T) {
	p, _ := textProblem(func(b *Builder[float64], l map[string]*Node) *Node { return l["x"] })
	finite(t, p, 3)
	p.build = func(b *Builder[float64], l map[string]*Node) *Node {
		tokenLeaf(b, l["x"])
		return head(b, b.Tanh(b.FirstToken(l["x"])), l["head"], []int32{0, 2, 1})
	}
	finite(t, p, 3)
	p.build = func(b *Builder[float64], l map[string]*Node) *Node {
		tokenLeaf(b, l["x"])
		return head(b, b.LastToken(l["x"]), l["head"], []int32{0, 2, 1})
	}
	finite(t, p, 3)
}

func TestMSEGradient(t *testing.T) {
	for name, weights := range map[string][]float64{"alike": nil, "weighted": {1, 0, 0.3}, "nothing": {0, 0, 0}} {
		t.Run(name, func(t *testing.T) {
			p := &problem[float64]{batch: 3}
			p.leaf(rand.New(rand.NewPCG(4, 4)), "x", 3, 2)
			p.build = func(b *Builder[float64], l map[string]*Node) *Node {
				return b.MSE(l["x"], &Targets[float64]{Values: []float64{1, 2, -1, 0, 3, 0.5}, Weights: weights})
			}
			finite(t, p, 3)
		})
	}
}

// The mean over all values, as torch.nn.functional.mse_loss takes it.
func TestMSEValue(t *testing.T) {
	b := NewBuilder[float64](2)
	loss := b.MSE(b.Param("x", []float64{1, 2, 3, 4}, true, 2, 2), &Targets[float64]{Values: []float64{0, 2, 5, 4}})
	m, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Run(2, 0); err != nil {
		t.Fatal(err)
	}
	if got, _ := Values[float64](loss); got[0] != 1.25 {
		t.Errorf("loss %v, want 1.25", got[0])
	}
}

// transformer is a small encoder with every kind of layer of the real ones.
func transformer[T Float](fixed ...string) *problem[T] {
	rng := rand.New(rand.NewPCG(41, 41))
	p := &problem[T]{batch: 3, fixed: map[string]bool{}}
	for _, name := range fixed {
		p.fixed[name] = true
	}
	p.leaf(rng, "word", 7, 6)
	p.leaf(rng, "position", 8, 6)
	p.leaf(rng, "type", 2, 6)
	norm := func(name string) {
		p.leaf(rng, name+".gamma", 6)
		p.leaf(rng, name+".beta", 6)
	}
	norm("embed")
	for _, layer := range []string{"a.", "b."} {
		attentionLeaves(p, rng, layer, 6)
		norm(layer + "1")
		p.leaf(rng, layer+"w1", 9, 6)
		p.leaf(rng, layer+"b1", 9)
		p.leaf(rng, layer+"w2", 6, 9)
		p.leaf(rng, layer+"b2", 6)
		norm(layer + "2")
	}
	p.leaf(rng, "pooler.w", 6, 6)
	p.leaf(rng, "pooler.b", 6)
	p.leaf(rng, "head.w", 3, 6)
	p.leaf(rng, "head.b", 3)
	p.build = buildTransformer[T]
	return p
}

func buildTransformer[T Float](b *Builder[T], l map[string]*Node) *Node {
	seqs := b.Sequences(textTokens)
	if err := seqs.Set(textLengths); err != nil {
		panic(err)
	}
	ids := &TokenIDs{IDs: []int32{3, 1, 3, 0, 6, 5, 3, 1, 1}, Types: []int32{0, 0, 1, 1, 0, 0, 0, 0, 0}}
	norm := func(x *Node, name string) *Node { return b.LayerNorm(x, l[name+".gamma"], l[name+".beta"], 1e-5) }
	x := norm(b.Embed(ids, l["word"], l["position"], l["type"], EmbedConfig{FirstPosition: 2}), "embed")
	for i, layer := range []string{"a.", "b."} {
		drop := func(number int) Drop { return Drop{P: 0.2, Seed: 3, Number: uint64(10*i + number)} }
		x = norm(b.SelfAttention(x, attentionParams(l, layer), AttentionConfig{Heads: 2, Residual: true, Weights: drop(0), Out: drop(1)}), layer+"1")
		ff := FeedForwardParams{InW: l[layer+"w1"], InB: l[layer+"b1"], OutW: l[layer+"w2"], OutB: l[layer+"b2"]}
		x = norm(b.FeedForward(x, ff, FeedForwardConfig{Residual: true, Out: drop(2)}), layer+"2")
	}
	pooled := b.Dropout(b.Tanh(b.Linear(b.FirstToken(x), l["pooler.w"], l["pooler.b"])), Drop{P: 0.2, Seed: 3, Number: 99})
	t := &Targets[T]{Labels: []int32{2, 0, 1}}
	return b.SoftmaxCrossEntropy(b.Linear(pooled, l["head.w"], l["head.b"]), t, LossConfig{LabelSmoothing: 0.1})
}

func TestTransformerGradient(t *testing.T) { finite(t, transformer[float64](), 3) }

// A table's gradient names the rows that were picked, and clears those of the
// run before.
func TestSparseRows(t *testing.T) {
	b := NewBuilder[float32](2)
	seqs := b.Sequences(5)
	ids := &TokenIDs{}
	word := b.Param("word", make([]float32, 9*2), true, 9, 2)
	position := b.Param("position", make([]float32, 4*2), true, 4, 2)
	x := b.MeanTokens(b.Embed(ids, word, position, nil, EmbedConfig{}))
	loss := b.MSE(x, &Targets[float32]{Values: []float32{1, 2, 3, 4}})
	grads, err := b.Gradients(loss, word, position)
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	run := func(lengths, tokens []int32) error {
		ids.IDs = tokens
		if err := seqs.Set(lengths); err != nil {
			return err
		}
		return m.Run(len(lengths), 0)
	}
	for _, c := range []struct{ lengths, ids, words, positions []int32 }{
		{[]int32{3, 1}, []int32{8, 2, 8, 0}, []int32{0, 2, 8}, []int32{0, 1, 2}},
		{[]int32{1}, []int32{5}, []int32{5}, []int32{0}},
	} {
		if err := run(c.lengths, c.ids); err != nil {
			t.Fatal(err)
		}
		for i, want := range [][]int32{c.words, c.positions} {
			if got := *SparseRows(grads[i]); !slices.Equal(got, want) {
				t.Errorf("rows %v, want %v", got, want)
			}
			g, _ := Values[float32](grads[i])
			for row := range len(g) / 2 {
				zero := g[2*row] == 0 && g[2*row+1] == 0
				if zero == slices.Contains(want, int32(row)) {
					t.Errorf("gradient of row %d is %v, %v", row, g[2*row], g[2*row+1])
				}
			}
		}
	}
	for want, c := range map[string][2][]int32{
		"id 9, the table has rows 0 to 8": {{2}, {1, 9}},
		"id -1":                           {{1}, {-1}},
		"position 4":                      {{5}, {1, 1, 1, 1, 1}},
		"2 ids":                           {{1}, {1, 1}},
		"the graph holds 5":               {{3, 3}, {1, 1, 1, 1, 1, 1}},
		"3 sequences":                     {{1, 1, 1}, {1, 1, 1}},
		"sequence 0 of 0":                 {{0}, {}},
	} {
		if err := run(c[0], c[1]); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if SparseRows(loss) != nil {
		t.Error("a loss has sparse rows")
	}
}

func TestTextOperationsReportErrors(t *testing.T) {
	for want, build := range map[string]func(b *Builder[float32], x, w, v *Node){
		"no tokens":          func(b *Builder[float32], x, w, v *Node) { b.Embed(&TokenIDs{}, w, w, nil, EmbedConfig{}) },
		"row per sequence":   func(b *Builder[float32], x, w, v *Node) { b.Sequences(4); b.MeanTokens(x) },
		"layernorm":          func(b *Builder[float32], x, w, v *Node) { b.LayerNorm(x, v, w, 1) },
		"2 tokens for a":     func(b *Builder[float32], x, w, v *Node) { b.Sequences(2) },
		"4 heads":            func(b *Builder[float32], x, w, v *Node) { attend(b, x, w, v, AttentionConfig{Heads: 4}) },
		"with probability 1": func(b *Builder[float32], x, w, v *Node) { attend(b, x, w, v, AttentionConfig{Out: Drop{P: 1}}) },
		"parameter 0":        func(b *Builder[float32], x, w, v *Node) { attend(b, x, x, v, AttentionConfig{Heads: 1}) },
		"feedforward": func(b *Builder[float32], x, w, v *Node) {
			b.FeedForward(x, FeedForwardParams{InW: w, InB: v, OutW: x, OutB: v}, FeedForwardConfig{})
		},
		"feedforward: dropout": func(b *Builder[float32], x, w, v *Node) {
			b.FeedForward(x, FeedForwardParams{InW: w, InB: v, OutW: w, OutB: v}, FeedForwardConfig{Out: Drop{P: -1}})
		},
		"graph has no tokens": func(b *Builder[float32], x, w, v *Node) { b.TokenInput("t", nil, 3) },
	} {
		b := NewBuilder[float32](3)
		build(b, b.Input("x", make([]float32, 18), 3, 6), b.Param("w", make([]float32, 36), true, 6, 6), b.Param("v", make([]float32, 6), true, 6))
		if b.Err() == nil || !strings.Contains(b.Err().Error(), want) {
			t.Errorf("%s: %v", want, b.Err())
		}
	}
}

func attend(b *Builder[float32], x, w, v *Node, c AttentionConfig) {
	b.Sequences(3)
	b.rows[x] = &b.seqs.tokens
	b.SelfAttention(x, AttentionParams{QueryW: w, QueryB: v, KeyW: w, KeyB: v, ValueW: w, ValueB: v, OutW: w, OutB: v}, c)
}

// A sequence's result does not depend on what it is packed with.
func TestPackingIsInvisible(t *testing.T) {
	rng := rand.New(rand.NewPCG(51, 51))
	p := &problem[float32]{batch: 3, fixed: map[string]bool{}}
	p.leaf(rng, "x", textTokens, 6)
	attentionLeaves(p, rng, "", 6)
	result := func(lengths ...int32) []float32 {
		b := NewBuilder[float32](3)
		seqs := b.Sequences(textTokens)
		leaves := map[string]*Node{"x": b.TokenInput("x", p.data[0], 6)}
		for i, name := range p.names[1:] {
			leaves[name] = b.Param(name, p.data[i+1], true, p.shape[i+1]...)
		}
		y := b.SelfAttention(leaves["x"], attentionParams(leaves, ""), AttentionConfig{Heads: 2})
		m, err := b.Compile()
		if err != nil {
			t.Fatal(err)
		}
		if err := seqs.Set(lengths); err != nil {
			t.Fatal(err)
		}
		if err := m.Run(len(lengths), 0); err != nil {
			t.Fatal(err)
		}
		v, _ := Values[float32](y)
		return v[:5*6]
	}
	if alone, packed := result(5), result(5, 1, 6); !slices.Equal(alone, packed) {
		t.Error(fmt.Sprint("alone ", alone, " packed ", packed))
	}
}
