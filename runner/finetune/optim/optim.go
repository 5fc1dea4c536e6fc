package optim

import (
	"fmt"
	"math"
	"slices"
)

// Kind names an optimizer.
type Kind string

// The optimizers.
const (
	AdamW Kind = "adamw" // Loshchilov & Hutter 2019: weight decay apart from the gradient
	SGD   Kind = "sgd"   // with momentum, as in PyTorch: velocity = momentum * velocity + gradient + decay * weight
)

// Config says how tensors move.
type Config struct {
	Kind         Kind
	WeightDecay  float64 // >= 0
	Beta1, Beta2 float64 // AdamW: [0, 1)
	Epsilon      float64 // AdamW: > 0
	Momentum     float64 // SGD: [0, 1)
	Nesterov     bool    // SGD: look ahead by one momentum step
	ClipNorm     float64 // most that the norm of all gradients together may be; 0: no limit
}

// Default returns the usual settings: AdamW with betas 0.9 and 0.999, or SGD with momentum 0.9; no weight decay, no clipping.
func Default(kind Kind) Config {
	return Config{Kind: kind, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Momentum: 0.9}
}

// Validate checks the ranges.
func (c Config) Validate() error {
	share := func(x float64) bool { return x >= 0 && x < 1 }
	positive := func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }
	switch {
	case c.Kind != AdamW && c.Kind != SGD:
		return fmt.Errorf("optimizer %q is neither %s nor %s", c.Kind, AdamW, SGD)
	case !positive(c.WeightDecay):
		return fmt.Errorf("weight_decay %v: must be 0 or more", c.WeightDecay)
	case !positive(c.ClipNorm):
		return fmt.Errorf("clip_norm %v: must be 0 or more", c.ClipNorm)
	case c.Kind == SGD && !share(c.Momentum):
		return fmt.Errorf("momentum %v lies outside [0, 1)", c.Momentum)
	case c.Kind == SGD && c.Nesterov && c.Momentum == 0:
		return fmt.Errorf("nesterov needs a momentum")
	case c.Kind == AdamW && !(share(c.Beta1) && share(c.Beta2) && c.Epsilon > 0):
		return fmt.Errorf("adamw with betas %v and %v and epsilon %v", c.Beta1, c.Beta2, c.Epsilon)
	}
	return nil
}

// Tensor is a parameter and its gradient, of equal length. Step changes Data in place.
type Tensor struct {
	Name   string // unique: the moments belong to it
	Data   []float32
	Grad   []float32
	Factor float64 // of the learning rate
	Decay  bool    // whether weight decay applies (it should not to biases and norms)
	// Rows, if not nil, lists the rows of Width values outside of which the gradient is zero, as of the last run: those of a
	// table of embeddings. It saves work; the step is the one of the whole table, as PyTorch makes it with dense gradients.
	Rows  *[]int32
	Width int
}

// slot is what an optimizer remembers of a tensor.
type slot struct {
	steps  int
	m      []float32 // AdamW: mean of the gradients; SGD: velocity
	v      []float32 // AdamW: mean of their squares
	tensor Tensor
	// reached says of each row of a table whether its moments may differ from zero.
	reached []bool
}

// Optimizer holds the moments of every tensor it has ever been bound to.
type Optimizer struct {
	config Config
	slots  map[string]*slot
	bound  []*slot
}

// New returns an optimizer without tensors.
func New(c Config) (*Optimizer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Optimizer{config: c, slots: map[string]*slot{}}, nil
}

// Bind says which tensors Step moves from now on.
func (o *Optimizer) Bind(tensors []Tensor) error {
	o.bound = o.bound[:0]
	for _, t := range tensors {
		if len(t.Data) != len(t.Grad) {
			return fmt.Errorf("tensor %s has %d values and %d gradients", t.Name, len(t.Data), len(t.Grad))
		}
		s := o.slots[t.Name]
		if s == nil {
			s = o.empty(len(t.Data))
			o.slots[t.Name] = s
		}
		if len(s.m) != len(t.Data) {
			return fmt.Errorf("tensor %s has %d values, its moments %d", t.Name, len(t.Data), len(s.m))
		}
		if t.Rows != nil && (t.Width < 1 || len(t.Data)%t.Width != 0) {
			return fmt.Errorf("tensor %s has %d values, not rows of %d", t.Name, len(t.Data), t.Width)
		}
		s.tensor = t
		s.reach()
		o.bound = append(o.bound, s)
	}
	return nil
}

// reach finds the rows of a table whose moments differ from zero.
func (s *slot) reach() {
	if s.tensor.Rows == nil {
		s.reached = nil
	}
	if s.tensor.Rows == nil || s.reached != nil {
		return
	}
	s.reached = make([]bool, len(s.m)/s.tensor.Width)
	if s.steps == 0 {
		return
	}
	for r := range s.reached {
		row := func(x []float32) []float32 { return x[min(r*s.tensor.Width, len(x)):min((r+1)*s.tensor.Width, len(x))] }
		s.reached[r] = slices.ContainsFunc(row(s.m), nonzero) || slices.ContainsFunc(row(s.v), nonzero)
	}
}

func nonzero(x float32) bool { return x != 0 }

func (o *Optimizer) empty(n int) *slot {
	s := &slot{m: make([]float32, n)}
	if o.config.Kind == AdamW {
		s.v = make([]float32, n)
	}
	return s
}

// Step moves every bound tensor by learning rate lr times its factor. It returns the norm of all gradients before clipping;
// when that is not finite nothing is moved. The gradients are left as they are.
func (o *Optimizer) Step(lr float64) (norm float64) {
	sum := 0.0
	for _, s := range o.bound {
		sum += s.tensor.squares()
	}
	norm = math.Sqrt(sum)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm
	}
	scale := 1.0
	if limit := o.config.ClipNorm; limit > 0 && norm > limit {
		scale = limit / norm
	}
	for _, s := range o.bound {
		s.steps++
		rate, decay := lr*s.tensor.Factor, 0.0
		if s.tensor.Decay {
			decay = o.config.WeightDecay
		}
		if o.config.Kind == AdamW {
			s.adamw(o.config, rate, decay, scale)
		} else {
			s.sgd(o.config, rate, decay, scale)
		}
	}
	return norm
}
