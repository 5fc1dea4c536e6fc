package nsga2

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// space has a choice of three, a number that exists with choice 1, a fixed coordinate and two numbers.
func space() *Space {
	return &Space{
		Dims:   []Dim{{Choices: 3}, {}, {Fixed: true}, {}, {}},
		Active: func(x []float64, d int) bool { return d != 1 || x[0] == 1 },
	}
}

func draw(s *Space, source *rand.Rand) []float64 {
	x := make([]float64, len(s.Dims))
	for d, dim := range s.Dims {
		switch {
		case dim.Fixed:
			x[d] = 0.5
		case !s.Active(x, d):
			x[d] = math.NaN()
		default:
			x[d] = dim.draw(source)
		}
	}
	return x
}

// A child has exactly the coordinates that exist in it, each inside its range, fixed ones untouched.
func TestChildIsInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, source := space(), rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		var population [][]float64
		for range rapid.IntRange(1, 6).Draw(t, "members") {
			population = append(population, draw(s, source))
		}
		x := s.Child(population, source)
		for d, dim := range s.Dims {
			v := x[d]
			switch {
			case s.Active(x, d) == math.IsNaN(v):
				t.Fatalf("coordinate %d of %v", d, x)
			case math.IsNaN(v):
			case dim.Choices > 0 && (v != math.Trunc(v) || v < 0 || v >= float64(dim.Choices)):
				t.Fatalf("choice %v", v)
			case v < 0 || v > 1 && dim.Choices == 0 || dim.Fixed && v != 0.5:
				t.Fatalf("coordinate %d of %v", d, x)
			}
		}
	})
}

// The crossover of Deb & Agrawal keeps the middle of the parents: the two children that belong to one draw are symmetric, and in
// the middle of the range, where the bounds do not matter, half of the draws contract and half expand.
func TestCrossoverIsSymmetric(t *testing.T) {
	const a, b = 0.45, 0.55
	inside := 0
	for i := range 1000 {
		u := (float64(i) + 0.5) / 1000
		x, y := binary(a, b, u), binary(b, a, u)
		if math.Abs(x+y-(a+b)) > 1e-9 {
			t.Fatalf("u %v: children %v and %v", u, x, y)
		}
		if x > a {
			inside++
		}
	}
	if inside < 490 || inside > 510 {
		t.Errorf("%d of 1000 children lie between their parents", inside)
	}
	for _, p := range [][2]float64{{0, 1}, {0, 0.01}, {1, 0.99}, {0.3, 0.30001}} {
		for i := range 100 {
			if x := binary(p[0], p[1], float64(i)/100); !(x >= 0 && x <= 1) {
				t.Errorf("parents %v have the child %v", p, x)
			}
		}
	}
}

// Mutation is small as a rule, not biased in the middle of the range, and always another choice.
func TestMutation(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 1))
	var steps []float64
	sum := 0.0
	for range 4000 {
		step := Dim{}.mutate(0.5, source) - 0.5
		steps, sum = append(steps, math.Abs(step)), sum+step
		if v := (Dim{Choices: 4}).mutate(2, source); v == 2 || v < 0 || v > 3 {
			t.Fatalf("choice 2 becomes %v", v)
		}
		if v := (Dim{}).mutate(0, source); v < 0 || v > 1 {
			t.Fatalf("0 becomes %v", v)
		}
	}
	slices.Sort(steps)
	if median := steps[len(steps)/2]; median < 0.05 || median > 0.2 || math.Abs(sum/4000) > 0.01 {
		t.Errorf("the median step is %v, the mean %v", median, sum/4000)
	}
}

// The better of two win: the first member of a population is a parent more often than the last.
func TestSelectionFavoursTheBest(t *testing.T) {
	s := &Space{Dims: []Dim{{Choices: 100}}}
	population := [][]float64{{1}, {2}, {3}, {4}}
	count := map[float64]int{}
	source := rand.New(rand.NewPCG(2, 2))
	for range 4000 {
		count[tournament(population, source)[0]]++
	}
	if !(count[1] > count[2] && count[2] > count[3] && count[3] > count[4]) || math.Abs(float64(count[1])/4000-7.0/16) > 0.04 {
		t.Errorf("chosen %v times", count)
	}
	if x := s.Child(population[:1], source); len(x) != 1 {
		t.Errorf("the child of one parent is %v", x)
	}
}
