package search_test

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"automl/search"
	"automl/search/searchtest"
)

// drawSpace is a random valid space: conditions only on parameters that stand in a random order around.
func drawSpace(t *rapid.T) search.Space {
	var space search.Space
	n := rapid.IntRange(1, 6).Draw(t, "parameters")
	for i := range n {
		p := drawParameter(t)
		p.Name = string(rune('a' + i))
		if i > 0 && rapid.Bool().Draw(t, "conditional") {
			parent := space.Parameters[rapid.IntRange(0, i-1).Draw(t, "parent")]
			if parent.Kind != search.Float && parent.Kind != search.Int {
				p.When = []search.Condition{{Parent: parent.Name, Values: parent.Choices[:1]}}
			}
		}
		space.Parameters = append(space.Parameters, p)
	}
	space.Parameters = rapid.Permutation(space.Parameters).Draw(t, "order")
	if err := space.Validate(); err != nil {
		t.Fatal(err)
	}
	return space
}

func drawParameter(t *rapid.T) search.Parameter {
	choices := []any{"a", 2.5, int64(3), true}[:rapid.IntRange(1, 4).Draw(t, "choices")]
	low := rapid.Float64Range(1e-6, 10).Draw(t, "low")
	span := rapid.Float64Range(1e-3, 100).Draw(t, "span")
	from := float64(rapid.IntRange(1, 50).Draw(t, "from"))
	count := float64(rapid.IntRange(0, 300).Draw(t, "count"))
	step := float64(rapid.IntRange(1, 7).Draw(t, "step"))
	return rapid.SampledFrom([]search.Parameter{
		{Kind: search.Float, Low: -low, High: span},
		{Kind: search.Float, Low: low, High: low + span, Log: true},
		{Kind: search.Float, Low: low, High: low + span, Step: span / step},
		{Kind: search.Int, Low: -from, High: count},
		{Kind: search.Int, Low: from, High: from + count, Log: true},
		{Kind: search.Int, Low: from, High: from + step*(1+count), Step: step},
		{Kind: search.Ordinal, Choices: choices},
		{Kind: search.Categorical, Choices: choices},
		{Kind: search.Constant, Choices: choices[:1]},
	}).Draw(t, "parameter")
}

func TestSpaceProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		space := drawSpace(t)
		p, err := space.Fill(nil, search.Source(rapid.Uint64().Draw(t, "seed"), 1))
		if err != nil {
			t.Fatal(err)
		}
		if err := space.Contains(p); err != nil {
			t.Fatalf("a random configuration lies outside: %v", err)
		}
		if q, err := space.Complete(p); err != nil || !q.Equal(p) {
			t.Fatalf("Complete turns %v into %v, %v", p, q, err)
		}
		for i, parameter := range space.Parameters {
			if _, there := p.Get(parameter.Name); there != space.Active(p, i) {
				t.Fatalf("%s: present %v, active %v", parameter.Name, there, space.Active(p, i))
			}
		}
	})
}

func TestCodecProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		space := drawSpace(t)
		codec := search.NewCodec(space)
		p, err := space.Fill(nil, search.Source(rapid.Uint64().Draw(t, "seed"), 1))
		if err != nil {
			t.Fatal(err)
		}
		x, err := codec.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		back := codec.Decode(x)
		if err := space.Contains(back); err != nil {
			t.Fatalf("decoded outside the space: %v", err)
		}
		for d, there := range codec.Mask(x) {
			if there != codec.Active(x, d) {
				t.Fatalf("coordinate %d of %v: there %v, active %v", d, x, there, codec.Active(x, d))
			}
			checkCoordinate(t, codec, d, x[d])
		}
		for i, q := range p {
			near(t, q.Name, q.Value, back[i].Value)
		}
	})
}

// near wants equal values; of continuous ones, equal up to rounding.
func near(t *rapid.T, name string, want, got any) {
	w, isFloat := want.(float64)
	g, _ := got.(float64)
	if want != got && !(isFloat && math.Abs(w-g) <= 1e-9*max(1, math.Abs(w))) {
		t.Fatalf("%s: %v comes back as %v", name, want, got)
	}
}

func checkCoordinate(t *rapid.T, codec *search.Codec, d int, x float64) {
	dim := codec.Dims()[d]
	switch {
	case math.IsNaN(x):
	case dim.Choices > 0:
		if x < 0 || x >= float64(dim.Choices) || x != math.Trunc(x) {
			t.Fatalf("%s: %v is no index of %d choices", dim.Name, x, dim.Choices)
		}
	default:
		center, low, high := codec.Cell(d, x)
		if !(0 <= low && low <= x && x <= high && high <= 1) {
			t.Fatalf("%s: %v lies outside its cell %v..%v", dim.Name, x, low, high)
		}
		if math.Abs(center-x) > 1e-12 {
			t.Fatalf("%s: %v stands for %v", dim.Name, x, center)
		}
	}
}

// The cells of a coordinate follow each other without gap or overlap, from 0 to 1.
func TestCellsTile(t *testing.T) {
	codec := search.NewCodec(searchtest.Spaces()["grid"])
	for d, dim := range codec.Dims() {
		end, cells := 0.0, 0
		for end < 1-1e-12 {
			_, low, high := codec.Cell(d, end+1e-9)
			if math.Abs(low-end) > 1e-9 || high <= low {
				t.Fatalf("%s: a cell %v..%v after %v", dim.Name, low, high, end)
			}
			end = high
			cells++
		}
		if cells != dim.Values {
			t.Errorf("%s: %d cells for %d values", dim.Name, cells, dim.Values)
		}
	}
}

func TestEncodeRefuses(t *testing.T) {
	codec := search.NewCodec(small)
	if x, err := codec.Encode(params("optimizer", "sgd")); err == nil {
		t.Errorf("an incomplete configuration is encoded as %v", x)
	}
}
