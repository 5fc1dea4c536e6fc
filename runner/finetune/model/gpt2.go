package model

import (
	"fmt"
	"regexp"

	"automl/runner/finetune/ops"
)

// gpt2 is the decoder of GPT-2 (Radford et al. 2019): each token sees those before
// it, layers normalize what they read and not what they add to. Its blocks are the
// embeddings, each layer, and the head.
//
// As a classifier (transformers' GPT2ForSequenceClassification) its head is linear
// on the last token, without a bias; norm and pooling above the layers belong to
// the last of them, so that the head's input is a vector.
//
// As a language model (GPT2LMHeadModel) its head is the last norm and the
// prediction of the next token, whose weights are those of the embeddings if the
// config ties them. These belong to the block of the embeddings.
type gpt2 struct {
	cfg    gpt2Config
	lm     bool
	labels []string // of the blocks
}

// The names of tensors. A file may leave out the base.
const (
	gpt2Base  = "transformer."
	gpt2Word  = gpt2Base + "wte.weight"
	gpt2Last  = gpt2Base + "ln_f"
	gpt2Score = "score.weight"
	gpt2Next  = "lm_head.weight"
)

// loadGPT2 is the loader of this architecture.
func loadGPT2(f *source) (arch, Input, []*Param, error) {
	c, err := parseGPT2(f.config)
	if err != nil {
		return nil, Input{}, nil, err
	}
	w, err := f.weights()
	if err != nil {
		return nil, Input{}, nil, err
	}
	w.base = gpt2Base
	m := &gpt2{cfg: c, lm: f.lm, labels: []string{"embeddings"}}
	for i := range c.Layers {
		m.labels = append(m.labels, fmt.Sprintf("layer.%d", i))
	}
	m.labels = append(m.labels, "head")
	outputs := 0
	if t, ok := w.tensors[gpt2Score]; ok && len(t.Shape) == 2 {
		outputs = t.Shape[0]
	} else if !m.lm {
		f.classes = max(1, len(c.Labels))
		outputs = f.classes
	}
	return m, Input{Tokens: c.Positions}, m.params(outputs), nil
}

// at is layer i's name.
func (m *gpt2) at(i int) string { return fmt.Sprintf("%sh.%d.", gpt2Base, i) }

// params lists the arrays, bottom to top.
func (m *gpt2) params(outputs int) []*Param {
	var ps []*Param
	c, block := m.cfg, 0
	add := func(name string, decay bool, shape ...int) *Param {
		p := &Param{Name: name, Block: block, Shape: shape, Trainable: true, Decay: decay}
		ps = append(ps, p)
		return p
	}
	// dense is one of the layers that are stored in x out, or a part of it.
	dense := func(name string, stored layout, in, out int, of LoRATarget) {
		file := stored.name
		stored.name, stored.transposed = file+".weight", true
		w := add(name+".weight", true, out, in)
		w.stored, w.Target = stored, of
		if stored.parts > 0 {
			add(name+".bias", false, out).stored = layout{name: file + ".bias", part: stored.part, parts: stored.parts}
		} else {
			add(name+".bias", false, out)
		}
	}
	norm := func(name string) {
		add(name+".weight", false, c.Hidden)
		add(name+".bias", false, c.Hidden)
	}
	add(gpt2Word, true, c.Vocab, c.Hidden)
	add(gpt2Base+"wpe.weight", true, c.Positions, c.Hidden)
	for i := range c.Layers {
		block++
		at := m.at(i)
		norm(at + "ln_1")
		for part, name := range []string{"query", "key", "value"} {
			dense(at+"attn."+name, layout{name: at + "attn.c_attn", part: part, parts: 3}, c.Hidden, c.Hidden, LoRATargets[part])
		}
		dense(at+"attn.c_proj", layout{name: at + "attn.c_proj"}, c.Hidden, c.Hidden, OutputTarget)
		norm(at + "ln_2")
		dense(at+"mlp.c_fc", layout{name: at + "mlp.c_fc"}, c.Hidden, *c.Inner, FFNTarget)
		dense(at+"mlp.c_proj", layout{name: at + "mlp.c_proj"}, *c.Inner, c.Hidden, FFNTarget)
	}
	if !m.lm {
		norm(gpt2Last)
		block++
		add(gpt2Score, true, outputs, c.Hidden)
		return ps
	}
	block++
	norm(gpt2Last)
	if !c.Tied {
		add(gpt2Next, true, c.Vocab, c.Hidden)
	}
	return ps
}

func (m *gpt2) kind() string     { return "gpt2" }
func (m *gpt2) blocks() []string { return m.labels }

func (m *gpt2) head() (string, string) {
	if m.lm {
		return "", ""
	}
	return gpt2Score, ""
}

func (m *gpt2) config() any {
	c := m.cfg
	c.Labels, c.EndID = nil, nil
	return c
}

func (m *gpt2) clone() arch { return m } // nothing in it changes

func (m *gpt2) checkInput(_, _ int) error { return fmt.Errorf("it takes texts, not images") }

func (m *gpt2) tokens() (vocabulary, longest int) { return m.cfg.Vocab, m.cfg.Positions }

func (m *gpt2) initialSD() float64 { return m.cfg.InitialSD }

func (m *gpt2) languageModel() bool { return m.lm }

func (m *gpt2) class() string {
	if m.lm {
		return "GPT2LMHeadModel"
	}
	return "GPT2ForSequenceClassification"
}

// gpt2Buffers are the causal masks that old files carry.
var gpt2Buffers = regexp.MustCompile(`^(transformer\.)?h\.[0-9]+\.attn\.(bias|masked_bias)$`)

// spare reports whether a tensor may be left over: buffers, and the other head.
func (m *gpt2) spare(name string) bool {
	return gpt2Buffers.MatchString(name) || name == gpt2Next || name == gpt2Score
}

// activation is that of a token in the layers, of a text above them.
func (m *gpt2) activation(k, _, _ int) [3]int {
	if k <= 0 {
		return [3]int{1, 1, 1} // an id
	}
	return [3]int{m.cfg.Hidden, 1, 1}
}

// build adds the embeddings, a layer, or the head.
func (m *gpt2) build(g *graphBuilder, k int, x node) node {
	switch {
	case k == 0:
		x = g.Embed(&g.ids, g.param(gpt2Word), g.param(gpt2Base+"wpe.weight"), nil, ops.EmbedConfig{})
		return g.Dropout(x, g.layerDrop(g.hidden.out))
	case k <= m.cfg.Layers:
		x = m.layer(g, m.at(k-1), x)
		if k < m.cfg.Layers || m.lm {
			return x
		}
		return g.layerNorm(gpt2Last, g.LastToken(x), m.cfg.Eps)
	}
	if m.lm {
		return m.predict(g, x)
	}
	return g.Linear(g.dropout(x), g.param(gpt2Score), nil)
}

// predict adds the loss of predicting each next token.
func (m *gpt2) predict(g *graphBuilder, x node) node {
	x = g.dropout(g.layerNorm(gpt2Last, x, m.cfg.Eps))
	var w node
	if m.cfg.Tied {
		w = g.tied(gpt2Word)
	} else {
		w = g.param(gpt2Next)
	}
	loss, scores := g.NextToken(x, w, &g.next)
	if scores != nil {
		g.scores = scores.Values
	}
	return loss
}

// layer is one transformer layer, normalized before each of its two parts.
func (m *gpt2) layer(g *graphBuilder, at string, x node) node {
	x = g.SelfAttention(x, g.attention(at+"attn.query", at+"attn.key", at+"attn.value", at+"attn.c_proj"), ops.AttentionConfig{
		Heads: m.cfg.Heads, Causal: true, Residual: true, Norm: g.norm(at+"ln_1", m.cfg.Eps),
		Weights: g.layerDrop(g.hidden.weights), Out: g.layerDrop(g.hidden.out),
	})
	return g.FeedForward(x, g.feedForward(at+"mlp.c_fc", at+"mlp.c_proj"), ops.FeedForwardConfig{
		Tanh: m.cfg.tanh(), Residual: true, Norm: g.norm(at+"ln_2", m.cfg.Eps), Out: g.layerDrop(g.hidden.out),
	})
}
