package model

import (
	"encoding/json"
	"fmt"
	"strings"

	"automl/runner/finetune/ops"
	"automl/runner/finetune/safetensors"
)

// hfResNet is the residual network for large images of He et al. 2015 (table 1)
// as the transformers library and torchvision have it: a stem with a pooled
// maximum, stages of basic or bottleneck blocks, global average pooling, one
// linear layer. Convolutions have no biases; the stride of a bottleneck is in its
// 3x3 convolution ("v1.5") unless the config says otherwise.
//
// Its blocks are the stem, each stage, and the head. The pooling belongs to the
// last stage, so that the head's input is a plain feature vector.
type hfResNet struct {
	cfg    hfResNetConfig
	labels []string // of the blocks
	// torchvision says that the file has the names of torchvision and timm.
	torchvision bool
}

// hfResNetConfig is the part of a Hugging Face config.json that decides the
// arithmetic.
type hfResNetConfig struct {
	ModelType         string            `json:"model_type"`
	Channels          int               `json:"num_channels"`
	Stem              int               `json:"embedding_size"`
	Widths            []int             `json:"hidden_sizes"`
	Depths            []int             `json:"depths"`
	Layer             string            `json:"layer_type"`
	Act               string            `json:"hidden_act"`
	DownsampleFirst   bool              `json:"downsample_in_first_stage"`
	DownsampleReduced bool              `json:"downsample_in_bottleneck"`
	Labels            map[string]string `json:"id2label"`
}

// The layer types.
const (
	basicLayer      = "basic"
	bottleneckLayer = "bottleneck"
	reduction       = 4 // of a bottleneck's channels
)

// What PyTorch's batch norm has where nothing is said.
const (
	normEps      = 1e-5
	normMomentum = 0.1
)

// loadHFResNet is the loader of this architecture.
func loadHFResNet(f *source) (arch, Input, []*Param, error) {
	// What files leave out has the defaults of the transformers library.
	c := hfResNetConfig{Channels: 3, Stem: 64, Widths: []int{256, 512, 1024, 2048}, Depths: []int{3, 4, 6, 3}, Layer: bottleneckLayer, Act: "relu"}
	if err := json.Unmarshal(f.config, &c); err != nil {
		return nil, Input{}, nil, err
	}
	if err := c.check(); err != nil {
		return nil, Input{}, nil, err
	}
	w, err := f.weights()
	if err != nil {
		return nil, Input{}, nil, err
	}
	in := Input{Channels: c.Channels, Height: 224, Width: 224, Resize: Resize{Filter: Bilinear, Share: defaultShare}, Mean: grey(c.Channels, 0.5), Std: grey(c.Channels, 0.5)}
	if c.Channels == 3 { // those of ImageNet
		in.Mean, in.Std = []float32{0.485, 0.456, 0.406}, []float32{0.229, 0.224, 0.225}
	}
	in, err = f.images(in)
	if err != nil {
		return nil, Input{}, nil, err
	}
	w.base = resnetBase
	r := &hfResNet{cfg: c}
	_, r.torchvision = w.tensors["conv1.weight"]
	r.labels = append(r.labels, "stem")
	for i := range c.Widths {
		r.labels = append(r.labels, fmt.Sprintf("stage.%d", i))
	}
	r.labels = append(r.labels, "head")
	return r, in, r.params(f.outputs(w, r.inFile(resnetHead+".weight"), len(c.Labels))), nil
}

// check refuses a config whose arithmetic this file does not implement, and sizes
// that no network has.
func (c *hfResNetConfig) check() error {
	switch {
	case c.Layer != basicLayer && c.Layer != bottleneckLayer:
		return fmt.Errorf("layer_type %q is not supported (%s and %s are)", c.Layer, basicLayer, bottleneckLayer)
	case c.Act != "relu":
		return fmt.Errorf("hidden_act %q is not supported (relu is)", c.Act)
	case len(c.Widths) < 1 || len(c.Widths) > 8 || len(c.Depths) != len(c.Widths):
		return fmt.Errorf("hidden_sizes %v and depths %v are not usable: want one of each for 1 to 8 stages", c.Widths, c.Depths)
	case c.Channels < 1 || c.Channels > 16:
		return fmt.Errorf("num_channels %d, want 1 to 16", c.Channels)
	case c.Stem < 1 || c.Stem > maxWidth:
		return fmt.Errorf("embedding_size %d is not usable", c.Stem)
	}
	for i, width := range c.Widths {
		if width < 1 || width > maxWidth || c.Layer == bottleneckLayer && width < reduction {
			return fmt.Errorf("hidden_sizes: stage %d of %d channels is not usable", i, width)
		}
		if c.Depths[i] < 1 || c.Depths[i] > 64 {
			return fmt.Errorf("depths: stage %d has %d layers, want 1 to 64", i, c.Depths[i])
		}
	}
	return nil
}

// residualLayer is one block of convolutions and its shortcut.
type residualLayer struct {
	at              string // what its tensors' names begin with
	in, out, stride int
}

// layers lists the layers of a stage.
func (c *hfResNetConfig) layers(stage int) []residualLayer {
	in, stride := c.Stem, 2
	if stage > 0 {
		in = c.Widths[stage-1]
	} else if !c.DownsampleFirst {
		stride = 1
	}
	var out []residualLayer
	for i := range c.Depths[stage] {
		out = append(out, residualLayer{at: fmt.Sprintf("%sencoder.stages.%d.layers.%d.", resnetBase, stage, i), in: in, out: c.Widths[stage], stride: stride})
		in, stride = c.Widths[stage], 1
	}
	return out
}

// shortcut reports whether the input is projected before it is added.
func (l residualLayer) shortcut() bool { return l.in != l.out || l.stride != 1 }

// conv is one convolution of a layer.
type convSpec struct {
	name                    string
	in, out, kernel, stride int
}

// convs lists the convolutions of a layer but for the shortcut's.
func (c *hfResNetConfig) convs(l residualLayer) []convSpec {
	name := func(i int) string { return fmt.Sprintf("%slayer.%d", l.at, i) }
	if c.Layer == basicLayer {
		return []convSpec{{name(0), l.in, l.out, 3, l.stride}, {name(1), l.out, l.out, 3, 1}}
	}
	first, second, narrow := 1, l.stride, l.out/reduction
	if c.DownsampleReduced {
		first, second = second, first
	}
	return []convSpec{{name(0), l.in, narrow, 1, first}, {name(1), narrow, narrow, 3, second}, {name(2), narrow, l.out, 1, 1}}
}

func (l residualLayer) project() convSpec {
	return convSpec{l.at + "shortcut", l.in, l.out, 1, l.stride}
}

func (c *hfResNetConfig) stem() convSpec {
	return convSpec{resnetBase + "embedder.embedder", c.Channels, c.Stem, 7, 2}
}

// params lists the arrays, bottom to top.
func (r *hfResNet) params(outputs int) []*Param {
	var ps []*Param
	block := 0
	add := func(name string, trainable, decay bool, shape ...int) {
		ps = append(ps, &Param{Name: name, Block: block, Shape: shape, Trainable: trainable, Decay: decay})
	}
	conv := func(c convSpec) {
		add(c.name+".convolution.weight", true, true, c.out, c.in, c.kernel, c.kernel)
		add(c.name+".normalization.weight", true, false, c.out)
		add(c.name+".normalization.bias", true, false, c.out)
		add(c.name+".normalization.running_mean", false, false, c.out)
		add(c.name+".normalization.running_var", false, false, c.out)
	}
	conv(r.cfg.stem())
	for stage := range r.cfg.Widths {
		block++
		for _, l := range r.cfg.layers(stage) {
			if l.shortcut() {
				conv(l.project())
			}
			for _, c := range r.cfg.convs(l) {
				conv(c)
			}
		}
	}
	block++
	add(resnetHead+".weight", true, true, outputs, r.features())
	add(resnetHead+".bias", true, false, outputs)
	return ps
}

// features is the number of values that enter the head.
func (r *hfResNet) features() int { return r.cfg.Widths[len(r.cfg.Widths)-1] }

func (r *hfResNet) kind() string           { return r.cfg.ModelType }
func (r *hfResNet) blocks() []string       { return r.labels }
func (r *hfResNet) head() (string, string) { return resnetHead + ".weight", resnetHead + ".bias" }
func (r *hfResNet) class() string          { return "ResNetForImageClassification" }
func (r *hfResNet) clone() arch            { return r } // nothing in it changes

// inFile is a tensor's name in the file.
func (r *hfResNet) inFile(name string) string {
	if r.torchvision {
		return torchvisionName(name)
	}
	return name
}

func (r *hfResNet) config() any {
	c := r.cfg
	c.Labels = nil
	return c
}

// batchCount is the count of batches, which PyTorch's batch norms have and those
// with a fixed momentum do not need.
const batchCount = ".num_batches_tracked"

// spare reports whether a tensor may be left over.
func (r *hfResNet) spare(name string) bool { return strings.HasSuffix(name, batchCount) }

// extra is what the transformers library misses in a file without it.
func (r *hfResNet) extra(params []*Param) []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, p := range params {
		if norm, ok := strings.CutSuffix(p.Name, ".running_mean"); ok {
			out = append(out, safetensors.Tensor{Name: norm + batchCount, DType: safetensors.I64, Ints: []int64{0}})
		}
	}
	return out
}

func (r *hfResNet) checkInput(h, w int) error {
	if min(h, w) < 8 || max(h, w) > maxSide {
		return fmt.Errorf("images of %d x %d are not supported (8 to %d)", h, w, maxSide)
	}
	return nil
}

func (r *hfResNet) activation(k, height, width int) [3]int {
	if k <= 0 {
		return [3]int{r.cfg.Channels, height, width}
	}
	if k > len(r.cfg.Widths) {
		return [3]int{r.features(), 1, 1}
	}
	h, w, out := ceilDiv(height, 4), ceilDiv(width, 4), r.cfg.Stem // convolution and pooling
	for stage := range k - 1 {
		l := r.cfg.layers(stage)[0]
		h, w, out = ceilDiv(h, l.stride), ceilDiv(w, l.stride), l.out
	}
	return [3]int{out, h, w}
}

// build adds the stem, a stage, or the head.
func (r *hfResNet) build(g *graphBuilder, k int, x node) node {
	switch {
	case k == 0:
		return g.MaxPool(convNorm(g, r.cfg.stem(), x, true),
			ops.PoolConfig{KH: 3, KW: 3, StrideH: 2, StrideW: 2, PadTop: 1, PadBottom: 1, PadLeft: 1, PadRight: 1})
	case k <= len(r.cfg.Widths):
		for _, l := range r.cfg.layers(k - 1) {
			x = r.layer(g, l, x)
		}
		if k == len(r.cfg.Widths) {
			x = g.GlobalAveragePool(x)
		}
		return x
	}
	return g.dense(resnetHead, g.dropout(x))
}

// layer is relu(shortcut(x) + conv_n(...relu(conv_1(x)))), a norm after each
// convolution.
func (r *hfResNet) layer(g *graphBuilder, l residualLayer, x node) node {
	y, convs := x, r.cfg.convs(l)
	for i, c := range convs {
		y = convNorm(g, c, y, i < len(convs)-1)
	}
	if l.shortcut() {
		x = convNorm(g, l.project(), x, false)
	}
	return g.AddReLU(x, y)
}

// convNorm adds a convolution, padded by half of its kernel, and its norm.
func convNorm(g *graphBuilder, c convSpec, x node, relu bool) node {
	pad := c.kernel / 2
	y := g.Conv2D(x, g.param(c.name+".convolution.weight"), nil, ops.ConvConfig{StrideH: c.stride, StrideW: c.stride,
		PadTop: pad, PadBottom: pad, PadLeft: pad, PadRight: pad})
	return g.batchNorm(c.name+".normalization", y, ops.NormConfig{Eps: normEps, ReLU: relu}, normMomentum)
}
