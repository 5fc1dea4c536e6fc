package optim

import (
	"cmp"
	"fmt"
	"slices"
)

// Slot is what an optimizer remembers of one tensor.
type Slot struct {
	Name  string
	Steps int // how often the tensor was moved
	// AdamW: means of gradient and squared gradient; SGD: velocity; Lion: mean of the gradient; Adafactor: means of the squared
	// gradient over rows and columns, or of each value.
	Moments [][]float32
}

// State is everything to remember, by name; not copies.
func (o *Optimizer) State() []Slot {
	out := make([]Slot, 0, len(o.slots))
	for name, s := range o.slots {
		out = append(out, Slot{name, s.steps, s.moments})
	}
	slices.SortFunc(out, func(a, b Slot) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Restore replaces all moments by copies of the given ones. Bind afterwards, which checks their sizes.
func (o *Optimizer) Restore(state []Slot) error {
	slots := make(map[string]*slot, len(state))
	for _, s := range state {
		if s.Steps < 0 {
			return fmt.Errorf("moments of %s after %d steps", s.Name, s.Steps)
		}
		restored := &slot{steps: s.Steps}
		for _, m := range s.Moments {
			restored.moments = append(restored.moments, slices.Clone(m))
		}
		slots[s.Name] = restored
	}
	o.slots, o.bound = slots, o.bound[:0]
	return nil
}
