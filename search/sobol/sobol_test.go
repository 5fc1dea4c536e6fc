package sobol

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"testing"
)

// The first points of new-joe-kuo-6.21201, by hand from the published table.
func TestRaw(t *testing.T) {
	want := [][]float64{{0, 0, 0, 0, 0}, {.5, .5, .5, .5, .5}, {.25, .75, .75, .75, .25}, {.75, .25, .25, .25, .75},
		{.125, .625, .375, .125, .125}}
	for n, row := range want {
		for d, x := range row {
			if got := float64(raw(uint32(n), d)) / (1 << 32); got != x {
				t.Errorf("point %d has %v in dimension %d, not %v", n, got, d, x)
			}
		}
	}
}

// Every direction number is odd at its own last digit and has none beyond.
func TestTable(t *testing.T) {
	for d, v := range directions {
		for k, x := range v {
			if x>>(31-k)&1 != 1 || x<<(k+1) != 0 {
				t.Fatalf("direction %d of dimension %d is %b", k, d, x)
			}
		}
	}
}

// In every dimension, scrambled or not, each 2^k-th of [0, 1) has one of 2^k consecutive points; the same in the groups beyond.
func TestStratified(t *testing.T) {
	const k = 8
	for _, start := range []uint32{0, 1 << k, 5 << k} {
		seen := make([][1 << k]bool, 2*Dims)
		for n := range uint32(1 << k) {
			for d, u := range Point(start+n, len(seen), 3) {
				cell := int(u * (1 << k))
				if seen[d][cell] {
					t.Fatalf("dimension %d has two of %d points from %d on in cell %d", d, 1<<k, start, cell)
				}
				seen[d][cell] = true
			}
		}
	}
}

// The first two dimensions are a (0, m, 2)-net: each elementary box of area 2^-m has one point.
func TestNet(t *testing.T) {
	const m = 10
	for a := range m + 1 {
		seen := make([]bool, 1<<m)
		for n := range uint32(1 << m) {
			u := Point(n, 2, 11)
			box := int(u[0]*float64(int(1)<<a))<<(m-a) | int(u[1]*float64(int(1)<<(m-a)))
			if seen[box] {
				t.Fatalf("two points in a box of 2^-%d by 2^-%d", a, m-a)
			}
			seen[box] = true
		}
	}
}

// Two dimensions are never the same, nor is one the mirror of another: their digits do not follow from each other.
func TestDimensionsDiffer(t *testing.T) {
	const n = 1 << 10
	points := make([][]float64, n)
	for i := range points {
		points[i] = Point(uint32(i), 40, 2)
	}
	for a := range 40 {
		for b := range a {
			sum := 0.0
			for _, u := range points {
				sum += (u[a] - .5) * (u[b] - .5) * 12 / n
			}
			if math.Abs(sum) > 0.1 {
				t.Errorf("dimensions %d and %d correlate by %.2f", a, b, sum)
			}
		}
	}
}

// A single point is uniform over the seeds.
func TestUniformOverSeeds(t *testing.T) {
	const seeds = 4000
	var count [8]int
	for seed := range uint64(seeds) {
		count[int(8*Point(6, 3, seed)[2])]++
	}
	for i, c := range count {
		if c < seeds/8*8/10 || c > seeds/8*12/10 {
			t.Errorf("cell %d has %d of %d", i, c, seeds)
		}
	}
}

// integrate is the error of the mean of a product of d functions, each with mean 1, over n points.
func integrate(points func(i int) []float64, n int) float64 {
	sum := 0.0
	for i := range n {
		f := 1.0
		for j, u := range points(i) {
			a := float64(j) / 2
			f *= (math.Abs(4*u-2) + a) / (1 + a)
		}
		sum += f
	}
	return math.Abs(sum/float64(n) - 1)
}

// The root mean square error of an integral in six dimensions, over 30 seeds, is a fifth of that of random points.
func TestIntegrates(t *testing.T) {
	const n, d, seeds = 1 << 10, 6, 30
	var quasi, random float64
	for seed := range uint64(seeds) {
		e := integrate(func(i int) []float64 { return Point(uint32(i), d, seed) }, n)
		quasi += e * e / seeds
		source := rand.New(rand.NewPCG(seed, 1))
		e = integrate(func(int) []float64 {
			u := make([]float64, d)
			for j := range u {
				u[j] = source.Float64()
			}
			return u
		}, n)
		random += e * e / seeds
	}
	t.Logf("root mean square error: %.5f, random %.5f", math.Sqrt(quasi), math.Sqrt(random))
	if math.Sqrt(quasi) > 0.2*math.Sqrt(random) {
		t.Error("not much better than random points")
	}
}

// Numbers that agree in their first digits do so after scrambling, and no longer.
func TestScrambleKeepsNesting(t *testing.T) {
	source := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		a, b := source.Uint32(), source.Uint32()>>(source.Uint32()%32)
		b ^= a
		before, after := bits.LeadingZeros32(a^b), bits.LeadingZeros32(scramble(a, 9)^scramble(b, 9))
		if before != after {
			t.Fatalf("%b and %b agree in %d digits, scrambled in %d", a, b, before, after)
		}
	}
}

func BenchmarkPoint(b *testing.B) {
	for i := 0; b.Loop(); i++ {
		Point(uint32(i), 20, 1)
	}
}
