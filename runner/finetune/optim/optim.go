package optim

import (
	"fmt"
	"math"
	"slices"

	"automl/runner/finetune/pages"
)

// Kind names an optimizer.
type Kind string

// The optimizers.
const (
	AdamW Kind = "adamw" // Loshchilov & Hutter 2019: weight decay apart from the gradient
	SGD   Kind = "sgd"   // with momentum, as in PyTorch: velocity = momentum * velocity + gradient + decay * weight

	// Lion moves by the sign of a momentum (Chen et al. 2023, algorithm 2); its rate is 3 to 10 times smaller than AdamW's.
	Lion Kind = "lion"
	// Adafactor keeps only means over rows and columns of the squared gradient (Shazeer & Stern 2018), and no momentum.
	Adafactor Kind = "adafactor"
)

// Kinds lists all of them.
var Kinds = []Kind{AdamW, SGD, Lion, Adafactor}

// Config says how tensors move.
type Config struct {
	Kind         Kind
	WeightDecay  float64 // >= 0
	Beta1, Beta2 float64 // AdamW, Lion: [0, 1)
	Epsilon      float64 // AdamW: > 0
	Momentum     float64 // SGD: [0, 1)
	Nesterov     bool    // SGD: look ahead by one momentum step
	// ScaleParameter makes Adafactor's rate one relative to the weights: times the root mean square of a tensor's weights,
	// at least 0.001 (section 8 of the paper).
	ScaleParameter bool
	ClipNorm       float64 // most that the norm of all gradients together may be; 0: no limit
}

// Default returns the usual settings: betas 0.9 and 0.999 (of Lion 0.9 and 0.99), momentum 0.9; no weight decay, no clipping.
func Default(kind Kind) Config {
	c := Config{Kind: kind, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Momentum: 0.9}
	if kind == Lion {
		c.Beta2 = 0.99
	}
	return c
}

// Validate checks the ranges.
func (c Config) Validate() error {
	share := func(x float64) bool { return x >= 0 && x < 1 }
	positive := func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }
	switch {
	case !slices.Contains(Kinds, c.Kind):
		return fmt.Errorf("optimizer %q is none of %v", c.Kind, Kinds)
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
	case c.Kind == Lion && !(share(c.Beta1) && share(c.Beta2)):
		return fmt.Errorf("lion with betas %v and %v", c.Beta1, c.Beta2)
	}
	return nil
}

// Tensor is a parameter and its gradient, of equal length. Step changes Data in place.
type Tensor struct {
	Name   string // unique: the moments belong to it
	Shape  []int  // what Adafactor factors: of two dimensions or more
	Data   []float32
	Grad   []float32
	Factor float64 // of the learning rate
	Decay  bool    // whether weight decay applies (it should not to biases and norms)
	// Rows, if not nil, lists the rows of Width values outside of which the gradient is zero, as of the last run: those of a
	// table of embeddings, ascending. It saves work; the step is the one of the whole table, as PyTorch makes it with dense gradients.
	Rows  *[]int32
	Width int
}

// slot is what an optimizer remembers of a tensor.
type slot struct {
	steps   int
	moments [][]float32 // see rule
	tensor  Tensor
	reached []bool // of a table, the rows whose moments may differ from zero
}

// Optimizer holds the moments of every tensor it has ever been bound to.
type Optimizer struct {
	config Config
	rule   rule
	slots  map[string]*slot
	bound  []*slot
	parts  []part    // of the bound tensors
	sums   []float64 // scratch, one for each part
}

// New returns an optimizer without tensors.
func New(c Config) (*Optimizer, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	return &Optimizer{config: c, rule: ruleFor(c), slots: map[string]*slot{}}, nil
}

// Bind says which tensors Step moves from now on.
func (o *Optimizer) Bind(tensors []Tensor) error {
	o.bound, o.parts = o.bound[:0], o.parts[:0]
	for _, t := range tensors {
		if len(t.Data) != len(t.Grad) {
			return fmt.Errorf("tensor %s has %d values and %d gradients", t.Name, len(t.Data), len(t.Grad))
		}
		sizes := o.rule.moments(t)
		s := o.slots[t.Name]
		if s == nil {
			s = empty(sizes, t.Rows != nil)
			o.slots[t.Name] = s
		}
		for i, size := range sizes {
			if len(s.moments) != len(sizes) || len(s.moments[i]) != size {
				return fmt.Errorf("tensor %s needs moments of %d values, it has others", t.Name, sizes)
			}
		}
		if t.Rows != nil && (t.Width < 1 || len(t.Data)%t.Width != 0) {
			return fmt.Errorf("tensor %s has %d values, not rows of %d", t.Name, len(t.Data), t.Width)
		}
		s.tensor = t
		s.reach()
		o.parts = appendParts(o.parts, len(o.bound), t)
		o.bound = append(o.bound, s)
	}
	o.sums = make([]float64, len(o.parts))
	return nil
}

// empty has moments of zero. Of a table few are ever touched, which large pages would not leave at that.
func empty(sizes []int, table bool) *slot {
	s := &slot{}
	for _, size := range sizes {
		m := make([]float32, size)
		if !table {
			m = pages.Huge(m)
		}
		s.moments = append(s.moments, m)
	}
	return s
}

// Step moves every bound tensor by learning rate lr times its factor. It returns the norm of all gradients before clipping;
// when that is not finite nothing is moved. The gradients are left as they are.
func (o *Optimizer) Step(lr float64) (norm float64) {
	o.each(func(i int, p part) { o.sums[i] = o.bound[p.slot].tensor.squares(p.lo, p.hi) })
	sum := 0.0
	for _, part := range o.sums {
		sum += part
	}
	norm = math.Sqrt(sum)
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return norm
	}
	scale := 1.0
	if limit := o.config.ClipNorm; limit > 0 && norm > limit {
		scale = limit / norm
	}
	moves := make([]func(lo, hi int), len(o.bound))
	for i, s := range o.bound {
		s.steps++
		decay := 0.0
		if s.tensor.Decay {
			decay = o.config.WeightDecay
		}
		moves[i] = o.rule.step(s, lr*s.tensor.Factor, decay, scale)
	}
	o.each(func(_ int, p part) {
		if move := moves[p.slot]; move != nil {
			move(p.lo, p.hi)
		}
	})
	return norm
}

// Bytes is what the optimizer remembers of a tensor once it has been bound.
func (o *Optimizer) Bytes(t Tensor) int64 {
	sum := 0
	for _, n := range o.rule.moments(t) {
		sum += n
	}
	return 4 * int64(sum)
}
