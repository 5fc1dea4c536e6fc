package tpe

import (
	"math"
	"math/rand/v2"
	"testing"

	"automl/search/internal/reference"
)

// fifths is a coordinate with five values.
func fifths(x float64) (center, low, high float64) {
	i := min(math.Floor(x*5), 4)
	return (i + 0.5) / 5, i / 5, (i + 1) / 5
}

// tree is continuous, five cells, three choices, and a continuous coordinate that exists only with choice 0.
var tree = Tree{
	Dims:   []Dim{{}, {Cell: fifths}, {Choices: 3}, {}, {Fixed: true}},
	Active: func(x []float64, d int) bool { return d != 3 || x[2] == 0 },
}

// row is a point of the reference, with the fixed coordinate it leaves out.
func row(v []*float64) []float64 {
	out := make([]float64, len(v)+1)
	for d, x := range v {
		out[d] = math.NaN()
		if x != nil {
			out[d] = *x
		}
	}
	out[len(v)] = 0.5
	return out
}

func rows(v [][]*float64) [][]float64 {
	out := make([][]float64, len(v))
	for i := range v {
		out[i] = row(v[i])
	}
	return out
}

func TestMixtureAgreesWithSciPy(t *testing.T) {
	r := reference.Load[values](t).Mixture
	m := fit(tree, rows(r.Points), nil, r.Sigma)
	for i, q := range rows(r.Queries) {
		agree(t, "mixture", m.LogDensity(q), r.LogDensity[i])
	}
}

// TestMixtureIsNormalized adds the density up over the whole tree.
func TestMixtureIsNormalized(t *testing.T) {
	m := Fit(tree, rows(reference.Load[values](t).Mixture.Points), []float64{1, 0.2, 3, 0})
	const n = 100
	total := 0.0
	for i := range n {
		for cell := range 5 {
			for c := range 3 {
				x := []float64{(float64(i) + 0.5) / n, (float64(cell) + 0.5) / 5, float64(c), math.NaN(), 0.5}
				if c > 0 {
					total += math.Exp(m.LogDensity(x)) / n
					continue
				}
				for j := range n {
					x[3] = (float64(j) + 0.5) / n
					total += math.Exp(m.LogDensity(x)) / (n * n)
				}
			}
		}
	}
	if math.Abs(total-1) > 1e-3 {
		t.Errorf("the density integrates to %v", total)
	}
}

// TestSampleFollowsDensity compares frequencies with probabilities, for each choice and cell.
func TestSampleFollowsDensity(t *testing.T) {
	m := Fit(tree, rows(reference.Load[values](t).Mixture.Points), nil)
	source := rand.New(rand.NewPCG(1, 1))
	const n = 40000
	var count [3][5]int
	for range n {
		x := m.Sample(source)
		if math.IsNaN(x[3]) != (x[2] != 0) || x[0] < 0 || x[0] > 1 || x[4] != 0.5 {
			t.Fatalf("%v lies outside the tree", x)
		}
		count[int(x[2])][int(x[1]*5)]++
	}
	for c := range count {
		for cell, k := range count[c] {
			// The other coordinates are integrated out by leaving them away.
			want := math.Exp(m.LogDensity([]float64{math.NaN(), (float64(cell) + 0.5) / 5, float64(c), math.NaN(), math.NaN()}))
			if got := float64(k) / n; math.Abs(got-want) > 5*math.Sqrt(want/n) {
				t.Errorf("choice %d cell %d: frequency %.4f, probability %.4f", c, cell, got, want)
			}
		}
	}
}

func TestNoObservations(t *testing.T) {
	m := Fit(tree, nil, nil)
	x := m.Sample(rand.New(rand.NewPCG(1, 1)))
	if v := m.LogDensity(x); math.IsNaN(v) || math.IsInf(v, 0) {
		t.Errorf("the prior alone has log density %v at %v", v, x)
	}
}

// TestProposePrefersGood puts good observations at one place and bad ones everywhere.
func TestProposePrefersGood(t *testing.T) {
	line := Tree{Dims: []Dim{{}}, Active: func([]float64, int) bool { return true }}
	var bad [][]float64
	for i := range 20 {
		bad = append(bad, []float64{float64(i) / 19})
	}
	g, b := Fit(line, [][]float64{{0.3}, {0.31}, {0.29}}, nil), Fit(line, bad, nil)
	got := Propose(g, b, 24, nil, rand.New(rand.NewPCG(1, 1)))
	if x := got[0][0]; math.Abs(x-0.3) > 0.1 {
		t.Errorf("the best candidate is %v, far from the good ones at 0.3", x)
	}
	for i := 1; i < len(got); i++ {
		last := g.LogDensity(got[i-1]) - b.LogDensity(got[i-1])
		if this := g.LogDensity(got[i]) - b.LogDensity(got[i]); this > last {
			t.Errorf("candidate %d has ratio %v after %v", i, this, last)
		}
	}
}
