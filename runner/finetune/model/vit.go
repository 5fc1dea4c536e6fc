package model

import (
	"fmt"
	"strings"

	"automl/runner/finetune/ops"
)

// vit is the vision transformer of Dosovitskiy et al. 2021: an image's patches
// and a class token, layers that normalize first, and a linear head on the class
// token. Its blocks are the embeddings, each layer, and the head. The last norm
// belongs to the last layer, so that the head's input is a vector.
type vit struct {
	cfg    vitConfig
	labels []string // of the blocks
}

// What a ViT's tensors are called. Files of networks without a head lack the base.
const (
	vitBase       = "vit."
	vitClass      = vitBase + "embeddings.cls_token"
	vitPosition   = vitBase + "embeddings.position_embeddings"
	vitProjection = vitBase + "embeddings.patch_embeddings.projection"
	vitNorm       = vitBase + "layernorm"
	vitHead       = "classifier"
	// of a layer
	vitInner = "intermediate.dense"
	vitOuter = "output.dense"
)

// vitAttention are a layer's query, key, value and output.
var vitAttention = [4]string{"attention.attention.query", "attention.attention.key", "attention.attention.value", "attention.output.dense"}

// loadViT is the loader of this architecture.
func loadViT(f *source) (arch, Input, []*Param, error) {
	c, err := parseViT(f.config)
	if err != nil {
		return nil, Input{}, nil, err
	}
	w, err := f.weights()
	if err != nil {
		return nil, Input{}, nil, err
	}
	in, err := f.images(Input{Channels: c.Channels, Height: c.Image.H, Width: c.Image.W, Mean: grey(c.Channels, 0.5), Std: grey(c.Channels, 0.5),
		Resize: Resize{Filter: Bilinear, Stretch: true}})
	if err != nil {
		return nil, Input{}, nil, err
	}
	if in.Height != c.Image.H || in.Width != c.Image.W {
		return nil, Input{}, nil, fmt.Errorf("image_size %d x %d is not the size that %s makes, %d x %d", c.Image.H, c.Image.W, PreprocessorFile, in.Height, in.Width)
	}
	v := &vit{cfg: c}
	w.base = vitBase
	v.labels = append(v.labels, "embeddings")
	for i := range c.Layers {
		v.labels = append(v.labels, fmt.Sprintf("layer.%d", i))
	}
	v.labels = append(v.labels, "head")
	return v, in, v.params(f.outputs(w, vitHead+".weight", len(c.Labels))), nil
}

// layerName is what layer i's tensors are called.
func (v *vit) layerName(i int) string { return fmt.Sprintf("%sencoder.layer.%d.", vitBase, i) }

// params lists the arrays, bottom to top.
func (v *vit) params(outputs int) []*Param {
	var ps []*Param
	c, block := v.cfg, 0
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
	add(vitClass, true, 1, 1, c.Hidden)
	add(vitPosition, true, 1, v.patches(c.Image.H, c.Image.W), c.Hidden)
	add(vitProjection+".weight", true, c.Hidden, c.Channels, c.Patch.H, c.Patch.W)
	add(vitProjection+".bias", false, c.Hidden)
	for i := range c.Layers {
		block++
		at := v.layerName(i)
		norm(at + "layernorm_before")
		for i, part := range vitAttention {
			dense(at+part, c.Hidden, c.Hidden, LoRATargets[i])
		}
		norm(at + "layernorm_after")
		dense(at+vitInner, c.Hidden, c.Inner, FFNTarget)
		dense(at+vitOuter, c.Inner, c.Hidden, FFNTarget)
	}
	norm(vitNorm)
	block++
	dense(vitHead, c.Hidden, outputs, "")
	return ps
}

func (v *vit) kind() string              { return v.cfg.ModelType }
func (v *vit) blocks() []string          { return v.labels }
func (v *vit) head() (string, string)    { return vitHead + ".weight", vitHead + ".bias" }
func (v *vit) initialSD() float64        { return v.cfg.InitialSD }
func (v *vit) class() string             { return "ViTForImageClassification" }
func (v *vit) clone() arch               { return v } // nothing in it changes
func (v *vit) checkInput(h, w int) error { return v.cfg.fits(h, w) }

func (v *vit) config() any {
	c := v.cfg
	c.Labels = nil
	return c
}

// spare reports whether a tensor may be left over: other heads, and the token
// that stands for what is hidden in pre-training.
func (v *vit) spare(name string) bool {
	bare := strings.TrimPrefix(name, vitBase)
	return strings.HasPrefix(bare, "pooler.") || strings.HasPrefix(bare, "decoder.") || bare == "embeddings.mask_token"
}

// patches is the number of tokens of an image: one for each patch, and that of
// the class.
func (v *vit) patches(h, w int) int { return 1 + h/v.cfg.Patch.H*(w/v.cfg.Patch.W) }

func (v *vit) activation(k, height, width int) [3]int {
	switch {
	case k <= 0:
		return [3]int{v.cfg.Channels, height, width}
	case k <= v.cfg.Layers:
		return [3]int{v.cfg.Hidden, v.patches(height, width), 1} // token by token
	}
	return [3]int{v.cfg.Hidden, 1, 1}
}

// build adds the embeddings, a layer, or the head.
func (v *vit) build(g *graphBuilder, k int, x node) node {
	switch {
	case k == 0:
		x = g.PatchEmbed(x, ops.PatchParams{Weight: g.param(vitProjection + ".weight"), Bias: g.param(vitProjection + ".bias"),
			Class: g.param(vitClass), Position: g.param(vitPosition)})
		return g.Dropout(x, g.layerDrop(g.hidden.out))
	case k <= v.cfg.Layers:
		x = v.layer(g, v.layerName(k-1), x)
		if k < v.cfg.Layers {
			return x
		}
		return g.layerNorm(vitNorm, g.FirstToken(x), v.cfg.Eps)
	}
	return g.dense(vitHead, g.dropout(x))
}

// layer is one transformer layer, normalized before each of its two parts.
func (v *vit) layer(g *graphBuilder, at string, x node) node {
	a := vitAttention
	x = g.SelfAttention(x, g.attention(at+a[0], at+a[1], at+a[2], at+a[3]), ops.AttentionConfig{
		Heads: v.cfg.Heads, Residual: true, Norm: g.norm(at+"layernorm_before", v.cfg.Eps),
		Weights: g.layerDrop(g.hidden.weights), Out: g.layerDrop(g.hidden.out),
	})
	return g.FeedForward(x, g.feedForward(at+vitInner, at+vitOuter), ops.FeedForwardConfig{
		Tanh: tanhGELU(v.cfg.Act), Residual: true, Norm: g.norm(at+"layernorm_after", v.cfg.Eps), Out: g.layerDrop(g.hidden.out),
	})
}
