package trial

import (
	"fmt"
	"math"
)

// Claim is what a study may have of the runners' slots beside other studies. A part that is nil is left as it is; of a state, as the sweep
// document has it.
type Claim struct {
	Share    *float64 `json:"share,omitempty" doc:"slots in proportion to other studies of the same priority"`
	Priority *int     `json:"priority,omitempty" doc:"each step is worth twice the slots"`
	Workers  *int     `json:"workers,omitempty" doc:"most trials at once; 0: as many as there are slots"`
}

// Validate checks the ranges, those of a sweep document.
func (c Claim) Validate() error {
	switch {
	case c.Share == nil && c.Priority == nil && c.Workers == nil:
		return Errorf(Invalid, "neither share, priority nor workers is given")
	case c.Share != nil && !(*c.Share > 0 && *c.Share <= 1000):
		return Errorf(Invalid, "a share of %v", *c.Share).WithHint("it is above 0 and at most 1000")
	case c.Priority != nil && (*c.Priority < -8 || *c.Priority > 8):
		return Errorf(Invalid, "a priority of %d", *c.Priority).WithHint("it is -8 to 8")
	case c.Workers != nil && (*c.Workers < 0 || *c.Workers > 1_000_000):
		return Errorf(Invalid, "%d workers", *c.Workers).WithHint("at least 1, or 0 for as many as there are slots")
	}
	return nil
}

// Over is the claim with what it leaves out taken from another one.
func (c Claim) Over(other Claim) Claim {
	if c.Share == nil {
		c.Share = other.Share
	}
	if c.Priority == nil {
		c.Priority = other.Priority
	}
	if c.Workers == nil {
		c.Workers = other.Workers
	}
	return c
}

// Weight is the claim to slots in proportion to those of other studies; what is left out counts as 1 and 0.
func (c Claim) Weight() float64 {
	share, priority := 1.0, 0
	if c.Share != nil && *c.Share > 0 {
		share = *c.Share
	}
	if c.Priority != nil {
		priority = *c.Priority
	}
	return math.Ldexp(share, priority)
}

// Params is the claim as a decision has it: [Moved], to the state in which the study is.
func (c Claim) Params() Params {
	p := Params{}
	if c.Share != nil {
		p = append(p, Param{"share", *c.Share})
	}
	if c.Priority != nil {
		p = append(p, Param{"priority", int64(*c.Priority)})
	}
	if c.Workers != nil {
		p = append(p, Param{"workers", int64(*c.Workers)})
	}
	return p
}

// claimOf is the inverse of Params.
func claimOf(p Params) (c Claim, err error) {
	for _, q := range p {
		share, n := p.Float(q.Name, math.NaN()), p.Int(q.Name, math.MinInt)
		switch {
		case q.Name == "share" && !math.IsNaN(share):
			c.Share = &share
		case q.Name == "priority" && n != math.MinInt:
			c.Priority = &n
		case q.Name == "workers" && n != math.MinInt:
			c.Workers = &n
		default:
			return c, fmt.Errorf("a claim with %s", Params{q})
		}
	}
	return c, c.Validate()
}
