package pareto_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"automl/trial/pareto"
)

// cloud draws n points of m objectives, on few levels so that there are ties, some of them not finite.
func cloud(t *rapid.T) [][]float64 {
	n, m := rapid.IntRange(0, 25).Draw(t, "n"), rapid.IntRange(1, 4).Draw(t, "m")
	value := rapid.Custom(func(t *rapid.T) float64 {
		if rapid.IntRange(0, 40).Draw(t, "odd") == 0 {
			return rapid.SampledFrom([]float64{math.NaN(), math.Inf(1), math.Inf(-1)}).Draw(t, "not finite")
		}
		return float64(rapid.IntRange(0, 6).Draw(t, "value"))
	})
	out := make([][]float64, n)
	for i := range out {
		out[i] = rapid.SliceOfN(value, m, m).Draw(t, "point")
	}
	return out
}

// peeled is the number of each point's front by the definition: whatever nothing left dominates is the next front.
func peeled(y [][]float64) []int {
	out := make([]int, len(y))
	for i := range out {
		out[i] = -1
	}
	number := 0
	for left := true; left; number++ {
		left = false
		var front []int
		for i := range y {
			beaten := !pareto.Finite(y[i])
			for j := range y {
				beaten = beaten || out[j] < 0 && pareto.Finite(y[j]) && pareto.Dominates(y[j], y[i])
			}
			if out[i] < 0 && !beaten {
				front = append(front, i)
			}
		}
		for _, i := range front {
			out[i], left = number, true
		}
	}
	for i := range out {
		if out[i] < 0 {
			out[i] = number - 1
		}
	}
	return out
}

func TestFrontsByDefinition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := cloud(t)
		if d := cmp.Diff(peeled(y), pareto.Fronts(y)); d != "" {
			t.Fatalf("%v (-want +got)\n%s", y, d)
		}
	})
}

// The front is non-dominated, dominates all else, and is the same points in whatever order they come.
func TestFront(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := cloud(t)
		front := pareto.Front(y)
		for i := range y {
			beaten := !pareto.Finite(y[i])
			for _, j := range front {
				beaten = beaten || pareto.Dominates(y[j], y[i])
			}
			if beaten == slices.Contains(front, i) {
				t.Fatalf("point %d of %v, front %v", i, y, front)
			}
		}
		order := rapid.Permutation(indices(len(y))).Draw(t, "order")
		again := make([][]float64, len(y))
		for k, i := range order {
			again[k] = y[i]
		}
		var got []int
		for _, k := range pareto.Front(again) {
			got = append(got, order[k])
		}
		slices.Sort(got)
		if !slices.Equal(got, front) {
			t.Fatalf("in another order the front of %v is %v, not %v", y, got, front)
		}
		for name, by := range map[string]func([][]float64) []int{"crowding": pareto.ByCrowding, "compromise": pareto.ByCompromise} {
			number := pareto.Fronts(y)
			sorted := by(y)
			if !slices.IsSortedFunc(sorted, func(a, b int) int { return number[a] - number[b] }) || len(sorted) != len(y) {
				t.Fatalf("by %s: %v, fronts %v", name, sorted, number)
			}
		}
	})
}

func indices(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}

func TestHypervolumeClosedForms(t *testing.T) {
	line := func(n int) (out [][]float64) { // n points of x + y = 1
		for i := range n {
			x := float64(i+1) / float64(n+1)
			out = append(out, []float64{x, 1 - x})
		}
		return out
	}
	nan := math.NaN()
	for _, c := range []struct {
		name      string
		y         [][]float64
		reference []float64
		want      float64
	}{
		{"nothing", nil, []float64{1, 1}, 0},
		{"a point", [][]float64{{0.25, 0.5}}, []float64{1, 1}, 0.375},
		{"on the reference", [][]float64{{1, 0}}, []float64{1, 1}, 0},
		{"beyond it", [][]float64{{2, -5}}, []float64{1, 1}, 0},
		{"not finite", [][]float64{{nan, 0}, {0, math.Inf(-1)}, {0.5, 0.5}}, []float64{1, 1}, 0.25},
		{"a step", [][]float64{{0, 0.5}, {0.5, 0}, {0.5, 0}, {0.6, 0.6}}, []float64{1, 1}, 0.75},
		{"a line of 99", line(99), []float64{1, 1}, 99.0 / 200}, // n/(2(n+1)): a staircase under the diagonal
		{"one objective", [][]float64{{3}, {2}}, []float64{5}, 3},
		{"a cube", [][]float64{{0, 0, 0}}, []float64{2, 3, 4}, 24},
		{"three slabs", [][]float64{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}}, []float64{2, 2, 2}, 4}, // 3*2 - 3*1 + 1
		{"four slabs", [][]float64{{0, 1, 1, 1}, {1, 0, 1, 1}, {1, 1, 0, 1}, {1, 1, 1, 0}}, []float64{2, 2, 2, 2}, 5},
	} {
		if got := pareto.Hypervolume(c.y, c.reference); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

// On a grid of cells of size 1 the hypervolume is the number of cells that some point dominates.
func TestHypervolumeByCounting(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := cloud(t)
		m := 1
		if len(y) > 0 {
			m = len(y[0])
		}
		reference := make([]float64, m)
		for j := range reference {
			reference[j] = float64(rapid.IntRange(0, 6).Draw(t, "reference"))
		}
		if got, want := pareto.Hypervolume(y, reference), cells(y, reference); math.Abs(got-want) > 1e-9 {
			t.Fatalf("%v below %v: %v, counted %v", y, reference, got, want)
		}
	})
}

func cells(y [][]float64, reference []float64) float64 {
	total := 1
	for _, r := range reference {
		total *= int(r)
	}
	count := 0.0
	for k := range total {
		corner := make([]float64, len(reference))
		for j, r := range reference {
			corner[j] = float64(k % int(r))
			k /= int(r)
		}
		for _, p := range y {
			if pareto.Finite(p) && !slices.ContainsFunc(indices(len(p)), func(j int) bool { return p[j] > corner[j] }) {
				count++
				break
			}
		}
	}
	return count
}

// What a new point adds is the same by its boxes as by the hypervolumes with and without it, and the boxes do not overlap.
func TestBoxesGiveTheImprovement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := cloud(t)
		m := rapid.IntRange(1, 4).Draw(t, "objectives")
		if len(y) > 0 {
			m = len(y[0])
		}
		reference, z := make([]float64, m), make([]float64, m)
		for j := range reference {
			reference[j], z[j] = float64(rapid.IntRange(1, 7).Draw(t, "reference")), float64(rapid.IntRange(-1, 7).Draw(t, "z"))
		}
		got := 0.0
		for _, b := range pareto.Boxes(y, reference) {
			v := 1.0
			for j := range z {
				v *= max(0, b.High[j]-max(z[j], b.Low[j]))
			}
			got += v
		}
		want := pareto.Hypervolume(append(y[:len(y):len(y)], z), reference) - pareto.Hypervolume(y, reference)
		if math.Abs(got-want) > 1e-9 {
			t.Fatalf("%v adds %v to %v below %v, want %v", z, got, y, reference, want)
		}
	})
}

func TestCrowdingAndCompromise(t *testing.T) {
	y := [][]float64{{0, 4}, {1, 2}, {2, 1}, {4, 0}}
	inf := math.Inf(1)
	if got := pareto.Crowding(y); !slices.Equal(got, []float64{inf, 0.5 + 0.75, 0.75 + 0.5, inf}) {
		t.Errorf("crowding %v", got)
	}
	if got := pareto.ByCompromise(y); !slices.Equal(got, []int{1, 2, 0, 3}) { // equally near: the better in the first objective
		t.Errorf("by compromise %v", got)
	}
	if got := pareto.ByCrowding([][]float64{{0, 4}, {1, 3}, {1.5, 2.5}, {4, 0}}); !slices.Equal(got, []int{0, 3, 2, 1}) {
		t.Errorf("by crowding %v", got)
	}
	same := [][]float64{{1, 1}, {1, 1}}
	if got := pareto.Front(same); len(got) != 2 {
		t.Errorf("of two equal points the front has %v", got)
	}
}

func BenchmarkHypervolume(b *testing.B) {
	for _, m := range []int{2, 3, 4} {
		for _, n := range []int{100, 500} {
			source := rand.New(rand.NewPCG(1, 1))
			y := make([][]float64, n)
			reference := make([]float64, m)
			for j := range reference {
				reference[j] = 1.1
			}
			for i := range y {
				y[i] = make([]float64, m)
				norm := 0.0
				for j := range y[i] {
					y[i][j] = math.Abs(source.NormFloat64())
					norm += y[i][j] * y[i][j]
				}
				for j := range y[i] {
					y[i][j] /= math.Sqrt(norm)
				}
			}
			b.Run(fmt.Sprintf("%d objectives/%d points", m, n), func(b *testing.B) {
				for b.Loop() {
					pareto.Hypervolume(y, reference)
				}
			})
		}
	}
}
