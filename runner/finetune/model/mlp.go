package model

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
)

// mlp is a multilayer perceptron: hidden layers of one width with ReLU and dropout after each, and a linear head. Each layer is
// a block. With no hidden layer it is multinomial logistic regression.
type mlp struct {
	cfg   MLPConfig
	names []string
}

// MLPConfig is the size of a multilayer perceptron, and the part of its config.json that decides the arithmetic.
type MLPConfig struct {
	ModelType string `json:"model_type"`
	Features  int    `json:"features"` // inputs of a row
	Hidden    int    `json:"hidden"`   // width of each hidden layer
	Layers    int    `json:"layers"`   // hidden layers
	Classes   int    `json:"outputs"`
}

// MLPType is the model_type of a multilayer perceptron.
const MLPType = "mlp"

// What an MLP may have at most.
const (
	MaxHidden = 1 << 13
	MaxLayers = 16
)

// check refuses sizes that make no network; a config is untrusted input.
func (c MLPConfig) check() error {
	switch {
	case c.Features < 1 || c.Features > 1<<20:
		return fmt.Errorf("%d features are not usable", c.Features)
	case c.Layers < 0 || c.Layers > MaxLayers:
		return fmt.Errorf("%d hidden layers, want 0 to %d", c.Layers, MaxLayers)
	case c.Layers > 0 && (c.Hidden < 1 || c.Hidden > MaxHidden):
		return fmt.Errorf("hidden layers of width %d, want 1 to %d", c.Hidden, MaxHidden)
	case c.Classes < 1 || c.Classes > maxWidth:
		return fmt.Errorf("%d outputs are not usable", c.Classes)
	}
	return nil
}

// NewMLP makes a network with fresh weights: those of the hidden layers uniform in +-sqrt(6/fan-in), which keeps the variance
// through ReLUs (He et al. 2015, equation 10), those of the head as ReplaceHead does it, biases zero. Only the sizes and the
// seed decide the weights.
func NewMLP(c MLPConfig, seed uint64) (*Net, error) {
	c.ModelType = MLPType
	if err := c.check(); err != nil {
		return nil, fmt.Errorf("model: %s: %w", MLPType, err)
	}
	m := newMLP(c)
	n := &Net{arch: m, input: m.input(), params: m.params()}
	n.index()
	rng := rand.New(rand.NewPCG(seed, 0x6d6c70)) // its own stream: "mlp"
	for _, p := range n.params {
		p.Data = make([]float32, size(p.Shape))
		if p.Decay {
			bound := math.Sqrt(6 / float64(p.Shape[1]))
			for i := range p.Data {
				p.Data[i] = float32((2*rng.Float64() - 1) * bound)
			}
		}
	}
	n.ReplaceHead(c.Classes, seed)
	return n, nil
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// loadMLP is the loader of this architecture.
func loadMLP(f *source) (arch, Input, []*Param, error) {
	var c MLPConfig
	if err := json.Unmarshal(f.config, &c); err != nil {
		return nil, Input{}, nil, err
	}
	if err := c.check(); err != nil {
		return nil, Input{}, nil, err
	}
	m := newMLP(c)
	return m, m.input(), m.params(), nil
}

func newMLP(c MLPConfig) *mlp {
	m := &mlp{cfg: c}
	for k := range c.Layers {
		m.names = append(m.names, fmt.Sprintf("hidden%d", k+1))
	}
	m.names = append(m.names, "head")
	return m
}

// input is a row of features: an image of one pixel.
func (m *mlp) input() Input { return Input{Channels: m.cfg.Features, Height: 1, Width: 1} }

// width is the number of values that enter block k.
func (m *mlp) width(k int) int {
	switch {
	case k <= 0:
		return m.cfg.Features
	case k <= m.cfg.Layers:
		return m.cfg.Hidden
	}
	return m.cfg.Classes
}

// params lists the arrays, bottom to top. Weights are stored out x in.
func (m *mlp) params() []*Param {
	var ps []*Param
	for k, name := range m.names {
		in, out := m.width(k), m.width(k+1)
		ps = append(ps,
			&Param{Name: name + ".weight", Block: k, Shape: []int{out, in}, Trainable: true, Decay: true},
			&Param{Name: name + ".bias", Block: k, Shape: []int{out}, Trainable: true})
	}
	return ps
}

func (m *mlp) kind() string           { return m.cfg.ModelType }
func (m *mlp) blocks() []string       { return m.names }
func (m *mlp) head() (string, string) { return "head.weight", "head.bias" }
func (m *mlp) config() any            { return m.cfg }
func (m *mlp) clone() arch            { return m } // nothing in it changes
func (m *mlp) checkInput(h, w int) error {
	if h != 1 || w != 1 {
		return fmt.Errorf("it takes rows of numbers, not images")
	}
	return nil
}

func (m *mlp) activation(k, _, _ int) [3]int { return [3]int{m.width(k), 1, 1} }

// build adds a hidden layer or the head. The inputs themselves are never dropped.
func (m *mlp) build(g *graphBuilder, k int, x node) node {
	if k > 0 {
		x = g.dropout(x)
	}
	name := m.names[k]
	x = g.Linear(x, g.param(name+".weight"), g.param(name+".bias"))
	if k < m.cfg.Layers {
		x = g.ReLU(x)
	}
	return x
}
