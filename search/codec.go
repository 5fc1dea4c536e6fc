package search

import (
	"fmt"
	"math"

	"automl/trial"
)

// Missing marks, in an encoded configuration, the coordinate of a parameter that is absent there. It is a NaN.
var Missing = math.NaN()

// Dim is one coordinate of encoded configurations.
type Dim struct {
	Name    string // of the parameter
	Choices int    // categorical: how many, and the coordinate is the index of one; 0: the coordinate lies in [0, 1]
	Values  int    // how many values the parameter can have: 1 carries no information, 0 is a continuum
}

// Codec turns configurations of a space into arrays for the numerics, and back: one coordinate a parameter, parents before
// their children. Numbers and ordinals lie in the unit cube, logarithmic ones by their logarithm; a parameter with finitely
// many values owns cells of it (Cell).
type Codec struct {
	layout *layout
	dims   []Dim
	when   [][]dimLink
}

// dimLink is a condition with its parent as a coordinate.
type dimLink struct {
	parent int
	values []any
}

// NewCodec prepares the encoding of a valid space.
func NewCodec(s Space) *Codec { return newCodec(newLayout(s)) }

func newCodec(l *layout) *Codec {
	c := &Codec{layout: l, dims: make([]Dim, len(l.order)), when: make([][]dimLink, len(l.order))}
	dimOf := make([]int, len(l.order))
	for d, i := range l.order {
		p := l.parameters[i]
		dimOf[i] = d
		c.dims[d] = Dim{Name: p.Name, Values: p.count()}
		if p.Kind == Categorical && p.count() > 1 {
			c.dims[d].Choices = p.count()
		}
		for _, k := range l.when[i] {
			c.when[d] = append(c.when[d], dimLink{dimOf[k.parent], k.values})
		}
	}
	return c
}

// Dims are the coordinates.
func (c *Codec) Dims() []Dim { return c.dims }

// Encode is the array of a configuration, Missing where a parameter is absent; an error when it does not fit the space.
func (c *Codec) Encode(p trial.Params) ([]float64, error) {
	values, err := c.layout.values(p)
	if err != nil {
		return nil, err
	}
	return c.encode(values)
}

func (c *Codec) encode(values []any) ([]float64, error) {
	x := make([]float64, len(c.dims))
	for d, i := range c.layout.order {
		switch {
		case c.layout.active(values, i) != (values[i] != nil):
			return nil, fmt.Errorf("parameter %s: present where it must be absent, or absent where it must be present", c.dims[d].Name)
		case values[i] == nil:
			x[d] = Missing
		case c.dims[d].Choices > 0:
			x[d] = float64(c.layout.parameters[i].position(values[i]))
		default:
			x[d] = c.layout.parameters[i].toUnit(values[i])
		}
	}
	return x, nil
}

// Decode is the configuration nearest to an array. Coordinates of parameters that are absent, given their parents, are not
// looked at.
func (c *Codec) Decode(x []float64) trial.Params { return c.layout.params(c.decode(x)) }

func (c *Codec) decode(x []float64) []any {
	values := make([]any, len(x))
	for d, i := range c.layout.order {
		if c.layout.active(values, i) {
			values[i] = c.value(d, x[d])
		}
	}
	return values
}

func (c *Codec) value(d int, x float64) any {
	p := c.layout.parameters[c.layout.order[d]]
	if c.dims[d].Choices > 0 {
		return p.at(int(x))
	}
	return p.fromUnit(x)
}

// Active reports whether coordinate d exists, given the coordinates before it.
func (c *Codec) Active(x []float64, d int) bool {
	for _, k := range c.when[d] {
		if math.IsNaN(x[k.parent]) || indexOf(k.values, c.value(k.parent, x[k.parent])) < 0 {
			return false
		}
	}
	return true
}

// Mask is which coordinates of an encoded configuration exist.
func (c *Codec) Mask(x []float64) []bool {
	out := make([]bool, len(x))
	for d, v := range x {
		out[d] = !math.IsNaN(v)
	}
	return out
}

// Cell is the part of [0, 1] that belongs to the same value of the parameter as x, and the point that stands for it in encoded
// configurations; of a continuum, x alone. Not for categorical coordinates.
func (c *Codec) Cell(d int, x float64) (center, low, high float64) {
	p := c.layout.parameters[c.layout.order[d]]
	if c.dims[d].Values == 0 {
		return x, x, x
	}
	low, high = p.cell(x)
	return p.toUnit(p.fromUnit(x)), low, high
}
