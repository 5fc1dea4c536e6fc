package ehvi

import (
	"math"
	"math/rand/v2"
	"testing"

	"automl/search/gp"
)

// The reference point lies beyond the front in every objective, also where that is a single point, and does not follow ends that
// win next to nothing.
func TestReference(t *testing.T) {
	for name, c := range map[string]struct {
		y    [][]float64
		want []float64
	}{
		"one point":   {[][]float64{{0, 0}, {1, 2}}, []float64{0.15, 0.3}},
		"a front":     {[][]float64{{0, 2}, {1, 1}, {2, 0}, {4, 4}}, []float64{2.6, 2.6}},
		"a long end":  {[][]float64{{0, 2}, {1, 1}, {2, 0.001}, {4, 0}, {4, 4}}, []float64{2.6, 2.6}},
		"all alike":   {[][]float64{{1, 1}, {1, 1}}, []float64{1, 1}},
		"three goals": {[][]float64{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}, {2, 2, 2}}, []float64{1.3, 1.3, 1.3}},
	} {
		got := referenceOf(c.y)
		for j, v := range got {
			if math.Abs(v-c.want[j]) > 2e-3 {
				t.Errorf("%s: %v, want %v", name, got, c.want)
			}
		}
	}
}

// observe draws points of the unit square; each objective is the distance to a point of its own.
func observe(n int, source *rand.Rand) Observations {
	o := Observations{Space: &gp.Space{Dims: make([]gp.Dim, 2)}, Caches: []*gp.Cache{{}, {}}}
	for range n {
		x := []float64{source.Float64(), source.Float64()}
		o.X, o.Y = append(o.X, x), append(o.Y, losses(x))
	}
	return o
}

func losses(x []float64) []float64 {
	return []float64{math.Hypot(x[0]-0.2, x[1]-0.3), math.Hypot(x[0]-0.8, x[1]-0.7)}
}

// What is proposed lies near the line between the two optima, where the true front is, and adds to the hypervolume.
func TestProposesTheFront(t *testing.T) {
	source := rand.New(rand.NewPCG(5, 5))
	o := observe(20, source)
	for _, x := range NewModel(o).Propose(3, source) {
		y := losses(x)
		if length := math.Hypot(0.6, 0.4); y[0]+y[1] > length*1.1 {
			t.Errorf("%v has losses %v, whose sum on the front is %.3f", x, y, length)
		}
	}
}

// A pending point keeps others away from it, and a failure makes its surroundings less likely.
func TestPendingAndFailed(t *testing.T) {
	source := rand.New(rand.NewPCG(6, 6))
	o := observe(20, source)
	first := NewModel(o).Propose(1, source)[0]
	before := NewModel(o).Values([][]float64{first})[0]
	o.Pending = [][]float64{first}
	model := NewModel(o)
	if after := model.Values([][]float64{first})[0]; !(after < before-1) {
		t.Errorf("the acquisition at a pending point is %v, it was %v", after, before)
	}
	if next := model.Propose(1, source)[0]; math.Hypot(next[0]-first[0], next[1]-first[1]) < 0.02 {
		t.Errorf("%v is proposed beside %v, which is pending", next, first)
	}
	o.Pending = nil
	for range 3 {
		o.X, o.Y = append(o.X, []float64{first[0] + 0.01*source.Float64(), first[1]}), append(o.Y, nil)
	}
	if after := NewModel(o).Values([][]float64{first})[0]; !(after < before-0.3) {
		t.Errorf("the acquisition where three trials failed is %v, it was %v", after, before)
	}
	none := Observations{Space: o.Space, Caches: []*gp.Cache{{}, {}}, X: o.X[20:], Y: o.Y[20:]}
	if x := NewModel(none).Propose(2, source); len(x) != 2 {
		t.Errorf("with failures alone: %v", x)
	}
}
