package model

import (
	"encoding/json"
	"fmt"
	"strings"

	"automl/runner/finetune/ops"
)

// resnet is the residual network for small images of He et al. 2015 (section
// 4.2) as the MLPerf Tiny benchmark has it: a stem, residual layers with one
// basic block each, global average pooling, one linear layer. Paddings follow
// TensorFlow's "same" rule, convolutions have biases, and shortcuts that change
// the shape are 1x1 convolutions without normalization.
//
// Its blocks are the stem, each layer, and the head. The pooling belongs to the
// last layer, so that the head's input is a plain feature vector.
type resnet struct {
	cfg   resnetConfig
	names []string
}

// resnetConfig is the part of config.json that decides the arithmetic.
type resnetConfig struct {
	ModelType string   `json:"model_type"`
	Classes   []string `json:"classes"`
	Input     struct {
		Layout   string    `json:"layout"`
		Height   int       `json:"height"`
		Width    int       `json:"width"`
		Channels int       `json:"channels"`
		Scale    float32   `json:"scale"`
		Mean     []float32 `json:"mean"`
		Std      []float32 `json:"std"`
	} `json:"input"`
	WeightLayout string `json:"weight_layout"`
	Padding      string `json:"padding"`
	BatchNorm    struct {
		Eps      float64 `json:"eps"`
		Momentum float64 `json:"momentum_torch"` // weight of the new value
	} `json:"batch_norm"`
	Activation string `json:"activation"`
	ConvBias   bool   `json:"conv_bias"`
	Stem       struct {
		Conv1   resnetConv `json:"conv1"`
		MaxPool bool       `json:"max_pool"`
	} `json:"stem"`
	Layers []resnetLayer `json:"layers"`
	Head   struct {
		FC struct {
			In  int `json:"in"`
			Out int `json:"out"`
		} `json:"fc"`
	} `json:"head"`
}

type resnetConv struct {
	In     int `json:"in"`
	Out    int `json:"out"`
	Kernel int `json:"kernel"`
	Stride int `json:"stride"`
}

type resnetLayer struct {
	Name        string      `json:"name"`
	In          int         `json:"in"`
	Out         int         `json:"out"`
	Conv1Stride int         `json:"conv1_stride"`
	Conv2Stride int         `json:"conv2_stride"`
	Downsample  *resnetConv `json:"downsample"`
}

// loadResNet is the loader of this architecture.
func loadResNet(f *source) (arch, Input, []*Param, error) {
	r := &resnet{}
	if err := json.Unmarshal(f.config, &r.cfg); err != nil {
		return nil, Input{}, nil, err
	}
	if err := r.cfg.check(); err != nil {
		return nil, Input{}, nil, err
	}
	r.names = append(r.names, "stem")
	for _, l := range r.cfg.Layers {
		r.names = append(r.names, strings.TrimSuffix(l.Name, ".0"))
	}
	r.names = append(r.names, "head")
	in := r.cfg.Input
	input := Input{Channels: in.Channels, Height: in.Height, Width: in.Width, Scale: in.Scale, Mean: in.Mean, Std: in.Std}
	if err := r.checkInput(in.Height, in.Width); err != nil {
		return nil, Input{}, nil, err
	}
	return r, input, r.params(), nil
}

// maxWidth bounds channels and classes of a config, which is untrusted input.
const maxWidth = 1 << 16

// check refuses a config whose arithmetic this file does not implement.
func (c *resnetConfig) check() error {
	switch {
	case c.Input.Layout != "NCHW" || c.WeightLayout != "OIHW":
		return fmt.Errorf("layouts %q and %q are not supported (NCHW and OIHW are)", c.Input.Layout, c.WeightLayout)
	case c.Padding != "tf_same":
		return fmt.Errorf("padding %q is not supported (tf_same is)", c.Padding)
	case c.Activation != "relu" || !c.ConvBias || c.Stem.MaxPool:
		return fmt.Errorf("only relu activations, convolutions with bias and a stem without max pooling are supported")
	case !(c.BatchNorm.Eps > 0) || !(c.BatchNorm.Momentum > 0 && c.BatchNorm.Momentum <= 1):
		return fmt.Errorf("batch_norm: eps %v and momentum_torch %v are not usable", c.BatchNorm.Eps, c.BatchNorm.Momentum)
	case len(c.Input.Mean) != c.Input.Channels || len(c.Input.Std) != c.Input.Channels || c.Input.Channels != c.Stem.Conv1.In:
		return fmt.Errorf("input: %d channels, %d means, %d deviations, stem for %d do not agree",
			c.Input.Channels, len(c.Input.Mean), len(c.Input.Std), c.Stem.Conv1.In)
	case len(c.Layers) == 0 || len(c.Layers) > 64:
		return fmt.Errorf("%d layers, want 1 to 64", len(c.Layers))
	}
	return c.checkChain()
}

// checkChain follows the number of channels from the stem to the head.
func (c *resnetConfig) checkChain() error {
	at := c.Stem.Conv1.Out
	if bad(c.Stem.Conv1.In, at, c.Stem.Conv1.Kernel, c.Stem.Conv1.Stride) {
		return fmt.Errorf("stem: sizes %+v are not usable", c.Stem.Conv1)
	}
	seen := map[string]bool{"": true}
	for _, l := range c.Layers {
		if l.In != at || bad(l.In, l.Out, 1, l.Conv1Stride) || bad(l.In, l.Out, 1, l.Conv2Stride) || seen[l.Name] {
			return fmt.Errorf("layer %q: %d to %d channels after %d, strides %d and %d are not usable",
				l.Name, l.In, l.Out, at, l.Conv1Stride, l.Conv2Stride)
		}
		d, stride := l.Downsample, l.Conv1Stride*l.Conv2Stride
		if d == nil && (l.In != l.Out || stride != 1) || d != nil && (d.Stride != stride || bad(1, 1, d.Kernel, d.Stride)) {
			return fmt.Errorf("layer %q: the shortcut does not fit the block", l.Name)
		}
		at, seen[l.Name] = l.Out, true
	}
	if fc := c.Head.FC; fc.In != at || bad(fc.In, fc.Out, 1, 1) {
		return fmt.Errorf("head: fc %+v after %d channels is not usable", fc, at)
	}
	return nil
}

// bad reports sizes outside of what any network of this kind has.
func bad(in, out, kernel, stride int) bool {
	return min(in, out, kernel, stride) < 1 || max(in, out) > maxWidth || kernel > 15 || stride > 8
}

// params lists the arrays, bottom to top.
func (r *resnet) params() []*Param {
	var ps []*Param
	add := func(block int, name string, trainable, decay bool, shape ...int) {
		ps = append(ps, &Param{Name: name, Block: block, Shape: shape, Trainable: trainable, Decay: decay})
	}
	conv := func(block int, name string, in, out, kernel int) {
		add(block, name+".weight", true, true, out, in, kernel, kernel)
		add(block, name+".bias", true, false, out)
	}
	norm := func(block int, name string, c int) {
		add(block, name+".weight", true, false, c)
		add(block, name+".bias", true, false, c)
		add(block, name+".running_mean", false, false, c)
		add(block, name+".running_var", false, false, c)
	}
	s := r.cfg.Stem.Conv1
	conv(0, "conv1", s.In, s.Out, s.Kernel)
	norm(0, "bn1", s.Out)
	for i, l := range r.cfg.Layers {
		conv(i+1, l.Name+".conv1", l.In, l.Out, 3)
		norm(i+1, l.Name+".bn1", l.Out)
		conv(i+1, l.Name+".conv2", l.Out, l.Out, 3)
		norm(i+1, l.Name+".bn2", l.Out)
		if d := l.Downsample; d != nil {
			conv(i+1, l.Name+".downsample.0", l.In, l.Out, d.Kernel)
		}
	}
	fc, head := r.cfg.Head.FC, len(r.cfg.Layers)+1
	add(head, "fc.weight", true, true, fc.Out, fc.In)
	add(head, "fc.bias", true, false, fc.Out)
	return ps
}

func (r *resnet) kind() string           { return r.cfg.ModelType }
func (r *resnet) blocks() []string       { return r.names }
func (r *resnet) head() (string, string) { return "fc.weight", "fc.bias" }
func (r *resnet) config() any            { return r.cfg }
func (r *resnet) clone() arch            { return r } // nothing in it changes
func (r *resnet) checkInput(h, w int) error {
	if min(h, w) < 4 || max(h, w) > 1024 {
		return fmt.Errorf("images of %d x %d are not supported (4 to 1024)", h, w)
	}
	return nil
}

func (r *resnet) activation(k, height, width int) [3]int {
	last := len(r.cfg.Layers)
	if k <= 0 {
		return [3]int{r.cfg.Input.Channels, height, width}
	}
	if k > last {
		return [3]int{r.cfg.Layers[last-1].Out, 1, 1}
	}
	stride, out := r.cfg.Stem.Conv1.Stride, r.cfg.Stem.Conv1.Out
	h, w := ceilDiv(height, stride), ceilDiv(width, stride)
	for _, l := range r.cfg.Layers[:k-1] {
		h, w = ceilDiv(ceilDiv(h, l.Conv1Stride), l.Conv2Stride), ceilDiv(ceilDiv(w, l.Conv1Stride), l.Conv2Stride)
		out = l.Out
	}
	return [3]int{out, h, w}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// build adds the stem, a residual layer, or the head.
func (r *resnet) build(g *graphBuilder, k int, x node) node {
	last := len(r.cfg.Layers)
	switch {
	case k == 0:
		return r.convNorm(g, "conv1", "bn1", x, r.cfg.Stem.Conv1.Stride, true)
	case k <= last:
		x = r.layer(g, r.cfg.Layers[k-1], x)
		if k == last {
			x = g.GlobalAveragePool(x)
		}
		return x
	default:
		return g.Linear(g.dropout(x), g.param("fc.weight"), g.param("fc.bias"))
	}
}

// layer is one basic block: relu(shortcut(x) + bn2(conv2(relu(bn1(conv1(x)))))).
func (r *resnet) layer(g *graphBuilder, l resnetLayer, x node) node {
	y := r.convNorm(g, l.Name+".conv1", l.Name+".bn1", x, l.Conv1Stride, true)
	y = r.convNorm(g, l.Name+".conv2", l.Name+".bn2", y, l.Conv2Stride, false)
	if d := l.Downsample; d != nil {
		x = r.conv(g, l.Name+".downsample.0", x, d.Stride)
	}
	return g.AddReLU(x, y)
}

func (r *resnet) convNorm(g *graphBuilder, conv, norm string, x node, stride int, relu bool) node {
	cfg := ops.NormConfig{Eps: r.cfg.BatchNorm.Eps, ReLU: relu}
	return g.batchNorm(norm, r.conv(g, conv, x, stride), cfg, r.cfg.BatchNorm.Momentum)
}

// conv adds a square convolution with "same" padding.
func (r *resnet) conv(g *graphBuilder, name string, x node, stride int) node {
	w := g.param(name + ".weight")
	if x == nil || w == nil {
		return nil
	}
	kernel := w.Shape()[2]
	c := ops.ConvConfig{StrideH: stride, StrideW: stride}
	c.PadTop, c.PadBottom = ops.SamePad(x.Shape()[2], kernel, stride)
	c.PadLeft, c.PadRight = ops.SamePad(x.Shape()[3], kernel, stride)
	return g.Conv2D(x, w, g.param(name+".bias"), c)
}
