package model

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
)

// Param is a named array of a network.
type Param struct {
	Name  string
	Block int // index into Net.Blocks
	Shape []int
	Data  []float32 // row-major, live: writing to it changes the network
	// Trainable is false for running statistics, which a Trainer updates itself.
	Trainable bool
	// Decay says that weight decay applies: to weights, not to biases and norms.
	Decay bool
	// Target is the kind of weight that it is to LoRA; "": none that it updates.
	Target LoRATarget
	// Fixed says that LoRA keeps it as it is, and that it trains otherwise.
	Fixed bool

	stored layout
}

// Net is a network with its weights. Create one with Load, NewMLP or Clone.
type Net struct {
	arch   arch
	params []*Param
	byName map[string]*Param
	input  Input
	lora   float64 // scale of low-rank updates; 0: there are none
}

// Input describes the images a network takes, its rows of features (images of one pixel), or its texts.
type Input struct {
	Channels, Height, Width int
	// Tokens is the most that a text may have; 0 where the input is none. The other fields are then unused.
	Tokens int
	// A raw value v of channel c enters as (v*Scale - Mean[c]) / Std[c].
	Scale     float32
	Mean, Std []float32
	Resize    Resize // of images of another size
}

// arch is one architecture: what differs between kinds of network.
type arch interface {
	// kind returns config.json's model_type.
	kind() string
	// blocks names the blocks, bottom to top; the last is the head.
	blocks() []string
	// activation returns the shape of what enters block k for an image of the
	// given size; k = 0 is the image itself, k = len(blocks) the logits.
	activation(k, height, width int) [3]int
	// checkInput reports whether images of this size can be used.
	checkInput(height, width int) error
	// build adds block k to a graph. x is what enters it, nil for token ids.
	build(g *graphBuilder, k int, x node) node
	// head names the head's weight and bias, "" where it has none.
	head() (weight, bias string)
	// config is what decides the arithmetic besides weights and input, for JSON.
	config() any
	// clone returns a copy that shares nothing that changes.
	clone() arch
}

// Type returns the model_type of config.json.
func (n *Net) Type() string { return n.arch.kind() }

// Blocks names the freezable groups of layers, bottom to top.
func (n *Net) Blocks() []string { return slices.Clone(n.arch.blocks()) }

// Params returns all arrays in a fixed order, bottom to top, running
// statistics included.
func (n *Net) Params() []*Param { return slices.Clone(n.params) }

// Param returns the named array, or nil.
func (n *Net) Param(name string) *Param { return n.byName[name] }

// Classes returns the number of logits; 0 of a language model, which has scores.
func (n *Net) Classes() int {
	w, _ := n.Head()
	if w == nil {
		return 0
	}
	return w.Shape[0]
}

// InputShape returns the size of the images, which enter as channels x height
// x width.
func (n *Net) InputShape() (channels, height, width int) {
	return n.input.Channels, n.input.Height, n.input.Width
}

// Scale returns the scaling of raw pixel values before they enter the network:
// (v*scale - mean[c]) / std[c].
func (n *Net) Scale() (scale float32, mean, std []float32) {
	return n.input.Scale, slices.Clone(n.input.Mean), slices.Clone(n.input.Std)
}

// SetInput changes the size of the images, where the architecture allows it.
// Graphs built before keep the old size.
func (n *Net) SetInput(height, width int) error {
	if err := n.arch.checkInput(height, width); err != nil {
		return fmt.Errorf("model: %s: %w", n.Type(), err)
	}
	if v, ok := n.arch.(*vit); ok {
		v.resize(n, height, width)
	}
	n.input.Height, n.input.Width = height, width
	return nil
}

// PrefixShape returns the shape of the activation that enters block k; a vector
// of features has height and width 1. k = 0 is the image. In a text network it is
// the shape for one token, where PerToken says so.
func (n *Net) PrefixShape(k int) (c, h, w int) {
	s := n.arch.activation(k, n.input.Height, n.input.Width)
	return s[0], s[1], s[2]
}

// Head is the weights (classes x features) and the biases of the head; the biases
// are nil where it has none.
func (n *Net) Head() (weight, bias *Param) {
	w, b := n.arch.head()
	return n.byName[w], n.byName[b]
}

// ReplaceHead puts a new head with the given number of classes on the network:
// weights uniform in +-sqrt(3/fan-in) (LeCun's variance of 1/fan-in), or of a
// transformer normal as its config.json says, which is smaller; zero bias. Only the
// seed decides the weights. Graphs built before are invalid. The head of a
// language model stays.
func (n *Net) ReplaceHead(classes int, seed uint64) {
	classes = max(classes, 1)
	w, b := n.Head()
	if w == nil {
		return
	}
	in := w.Shape[1]
	w.Shape, w.Data = []int{classes, in}, make([]float32, classes*in)
	if b != nil {
		b.Shape, b.Data = []int{classes}, make([]float32, classes)
	}
	rng := rand.New(rand.NewPCG(seed, 0x68656164)) // its own stream: "head"
	draw := func() float64 { return (2*rng.Float64() - 1) * math.Sqrt(3/float64(in)) }
	if a, ok := n.arch.(interface{ initialSD() float64 }); ok {
		draw = func() float64 { return a.initialSD() * rng.NormFloat64() }
	}
	for i := range w.Data {
		w.Data[i] = float32(draw())
	}
}

// Clone returns a deep copy, whose graphs may run beside those of the original.
func (n *Net) Clone() *Net {
	c := &Net{arch: n.arch.clone(), input: n.input, lora: n.lora}
	c.input.Mean, c.input.Std = slices.Clone(n.input.Mean), slices.Clone(n.input.Std)
	for _, p := range n.params {
		q := *p
		q.Shape, q.Data = slices.Clone(p.Shape), slices.Clone(p.Data)
		c.params = append(c.params, &q)
	}
	c.index()
	return c
}

// index rebuilds the lookup by name.
func (n *Net) index() {
	n.byName = make(map[string]*Param, len(n.params))
	for _, p := range n.params {
		n.byName[p.Name] = p
	}
}
