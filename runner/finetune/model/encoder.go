package model

import (
	"fmt"

	"automl/runner/finetune/ops"
)

// encoder is the transformer encoder of BERT (Devlin et al. 2019), RoBERTa (Liu
// et al. 2019), DistilBERT (Sanh et al. 2019) and their like, MiniLM among them,
// under a linear head. Its blocks are the embeddings, each layer, and the head.
// The pooling belongs to the last layer, so that the head's input is a vector.
type encoder struct {
	cfg     encoderConfig
	names   encoderNames
	pooling Pooling
	labels  []string // of the blocks
}

// loadEncoder is the loader of this architecture.
func loadEncoder(f *source) (arch, Input, []*Param, error) {
	c, err := parseEncoder(f.config)
	if err != nil {
		return nil, Input{}, nil, err
	}
	w, err := f.weights()
	if err != nil {
		return nil, Input{}, nil, err
	}
	e := &encoder{cfg: c, names: namesOf(c.ModelType).on(c.ModelType, w)}
	_, hasPooler := w.tensors[e.names.pooler+".weight"]
	if e.pooling, err = c.poolingOf(f.dir, hasPooler); err != nil {
		return nil, Input{}, nil, err
	}
	e.labels = append(e.labels, "embeddings")
	for i := range c.Layers {
		e.labels = append(e.labels, fmt.Sprintf("layer.%d", i))
	}
	e.labels = append(e.labels, "head")
	_, longest := e.tokens()
	return e, Input{Tokens: longest}, e.params(f.outputs(w, e.names.classifier+".weight", len(e.cfg.Labels))), nil
}

// params lists the arrays, bottom to top.
func (e *encoder) params(outputs int) []*Param {
	var ps []*Param
	c, n, block := e.cfg, e.names, 0
	add := func(name string, decay bool, shape ...int) *Param {
		ps = append(ps, &Param{Name: name, Block: block, Shape: shape, Trainable: true, Decay: decay})
		return ps[len(ps)-1]
	}
	dense := func(name string, in, out int, of LoRATarget) {
		add(name+".weight", true, out, in).Target = of
		add(name+".bias", false, out)
	}
	norm := func(name string) {
		add(name+".weight", false, c.Hidden)
		add(name+".bias", false, c.Hidden)
	}
	add(n.word+".weight", true, c.Vocab, c.Hidden)
	add(n.position+".weight", true, c.Positions, c.Hidden)
	if c.Types > 0 {
		add(n.types+".weight", true, c.Types, c.Hidden)
	}
	norm(n.norm)
	for i := range c.Layers {
		block++
		at := n.at(i)
		for i, part := range []string{n.query, n.key, n.value, n.out} {
			dense(at+part, c.Hidden, c.Hidden, LoRATargets[i])
		}
		norm(at + n.attnNorm)
		dense(at+n.inner, c.Hidden, c.Inner, FFNTarget)
		dense(at+n.outer, c.Inner, c.Hidden, FFNTarget)
		norm(at + n.outNorm)
	}
	block++
	if e.pooling == PoolerHead {
		dense(n.pooler, c.Hidden, c.Hidden, "")
	}
	dense(n.classifier, c.Hidden, outputs, "")
	return ps
}

func (e *encoder) kind() string     { return e.cfg.ModelType }
func (e *encoder) blocks() []string { return e.labels }
func (e *encoder) head() (string, string) {
	return e.names.classifier + ".weight", e.names.classifier + ".bias"
}
func (e *encoder) config() any {
	c := e.cfg
	c.Labels, c.Pooling = nil, e.pooling
	return c
}
func (e *encoder) clone() arch            { return e } // nothing in it changes
func (e *encoder) initialSD() float64     { return e.cfg.InitialSD }
func (e *encoder) spare(name string) bool { return e.names.spare(name) }
func (e *encoder) languageModel() bool    { return false }

// class is that of the family if the head reads what the family's own does.
func (e *encoder) class() string {
	if e.pooling != PoolerHead {
		return ""
	}
	return map[string]string{"bert": "Bert", "roberta": "Roberta", "distilbert": "DistilBert"}[e.cfg.ModelType] + "ForSequenceClassification"
}

func (e *encoder) checkInput(_, _ int) error {
	return fmt.Errorf("it takes texts, not images")
}

// tokens returns the size of the vocabulary and the length of the longest text.
func (e *encoder) tokens() (vocabulary, longest int) {
	return e.cfg.Vocab, e.cfg.Positions - e.cfg.firstPosition()
}

// activation is that of a token in the layers, of a text above.
func (e *encoder) activation(k, _, _ int) [3]int {
	if k <= 0 {
		return [3]int{1, 1, 1} // an id
	}
	return [3]int{e.cfg.Hidden, 1, 1}
}

// build adds the embeddings, a layer, or the head.
func (e *encoder) build(g *graphBuilder, k int, x node) node {
	switch {
	case k == 0:
		return e.embed(g)
	case k <= e.cfg.Layers:
		x = e.layer(g, e.names.at(k-1), x)
		if k < e.cfg.Layers {
			return x
		}
		if e.pooling == MeanPooling {
			return g.MeanTokens(x)
		}
		return g.FirstToken(x)
	}
	if e.pooling == PoolerHead {
		x = g.dense(e.names.pooler, x)
		if e.names.poolerTanh {
			x = g.Tanh(x)
		} else {
			x = g.ReLU(x)
		}
	}
	return g.dense(e.names.classifier, g.dropout(x))
}

func (e *encoder) embed(g *graphBuilder) node {
	n := e.names
	var types node
	if e.cfg.Types > 0 {
		types = g.param(n.types + ".weight")
	}
	x := g.Embed(&g.ids, g.param(n.word+".weight"), g.param(n.position+".weight"), types,
		ops.EmbedConfig{FirstPosition: e.cfg.firstPosition()})
	return g.Dropout(g.layerNorm(n.norm, x, e.cfg.Eps), g.layerDrop(g.hidden.out))
}

// layer is one transformer layer, normalized after each residual.
func (e *encoder) layer(g *graphBuilder, at string, x node) node {
	n := e.names
	x = g.SelfAttention(x, g.attention(at+n.query, at+n.key, at+n.value, at+n.out), ops.AttentionConfig{
		Heads: e.cfg.Heads, Residual: true, Weights: g.layerDrop(g.hidden.weights), Out: g.layerDrop(g.hidden.out),
	})
	x = g.layerNorm(at+n.attnNorm, x, e.cfg.Eps)
	x = g.FeedForward(x, g.feedForward(at+n.inner, at+n.outer),
		ops.FeedForwardConfig{Tanh: e.cfg.tanh(), Residual: true, Out: g.layerDrop(g.hidden.out)})
	return g.layerNorm(at+n.outNorm, x, e.cfg.Eps)
}
