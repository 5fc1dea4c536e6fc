package optim

import (
	"cmp"
	"fmt"
	"slices"
)

// Slot is what an optimizer remembers of one tensor.
type Slot struct {
	Name  string
	Steps int       // how often the tensor was moved
	M     []float32 // first moment or velocity
	V     []float32 // second moment; empty for SGD
}

// State is everything to remember, by name; not copies.
func (o *Optimizer) State() []Slot {
	out := make([]Slot, 0, len(o.slots))
	for name, s := range o.slots {
		out = append(out, Slot{name, s.steps, s.m, s.v})
	}
	slices.SortFunc(out, func(a, b Slot) int { return cmp.Compare(a.Name, b.Name) })
	return out
}

// Restore replaces all moments by copies of the given ones. Bind afterwards.
func (o *Optimizer) Restore(state []Slot) error {
	slots := make(map[string]*slot, len(state))
	for _, s := range state {
		want := 0
		if o.config.Kind == AdamW {
			want = len(s.M)
		}
		if len(s.V) != want || s.Steps < 0 {
			return fmt.Errorf("moments of %s: %d and %d values after %d steps do not belong to %s", s.Name, len(s.M), len(s.V), s.Steps, o.config.Kind)
		}
		slots[s.Name] = &slot{steps: s.Steps, m: slices.Clone(s.M), v: slices.Clone(s.V)}
	}
	o.slots, o.bound = slots, o.bound[:0]
	return nil
}
