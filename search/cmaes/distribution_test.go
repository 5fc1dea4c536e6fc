package cmaes

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// source is a random source of a test.
func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// numbers are n dimensions without cells.
func numbers(n int) []Dim { return make([]Dim, n) }

// steps is a dimension of k equal cells.
func steps(k int) Dim {
	return Dim{Cell: func(x float64) (float64, float64) {
		i := min(math.Floor(x*float64(k)), float64(k-1))
		return i / float64(k), (i + 1) / float64(k)
	}}
}

// minimize plays generations and returns the best loss and the last distribution.
func minimize(d *Distribution, generations int, seed uint64, loss func(x []float64) float64) (float64, *Distribution) {
	best, r := math.Inf(1), source(seed)
	for range generations {
		points := make([]Point, d.Lambda())
		for i := range points {
			points[i] = Point{X: d.Sample(r), Source: r}
		}
		slices.SortStableFunc(points, func(a, b Point) int {
			switch x, y := loss(a.X), loss(b.X); {
			case x < y:
				return -1
			case x > y:
				return 1
			}
			return 0
		})
		first := loss(points[0].X)
		d = d.Next(points, first < best)
		best = min(best, first)
	}
	return best, d
}

// ellipsoid has axes that differ by a factor of a thousand, turned against the coordinates.
func ellipsoid(x []float64) float64 {
	sum := 0.0
	for i := range x {
		v := x[i] - 0.3
		if i > 0 {
			v += 0.5 * (x[i-1] - 0.3)
		}
		sum += math.Pow(1000, 2*float64(i)/float64(len(x)-1)) * v * v
	}
	return sum
}

// It learns the shape: no strategy with a round distribution gets this far.
func TestEllipsoid(t *testing.T) {
	for seed := range uint64(5) {
		d := New(numbers(6), nil, Lambda(6))
		best, d := minimize(d, 330, seed, ellipsoid)
		if best > 1e-8 {
			t.Errorf("seed %d: %.3g after %d points", seed, best, 330*d.Lambda())
		}
	}
}

// Two generations of the same points give the same distribution, and the first one stays what it was.
func TestNextIsPure(t *testing.T) {
	dims := append(numbers(2), steps(5), Dim{Choices: 3}, Dim{Fixed: true})
	loss := func(x []float64) float64 { return x[0] + x[2] + x[3] }
	_, d := minimize(New(dims, nil, 8), 20, 1, loss)
	before := d.Sample(source(5))
	_, a := minimize(d, 10, 2, loss)
	_, b := minimize(d, 10, 2, loss)
	if !reflect.DeepEqual(a.Sample(source(6)), b.Sample(source(6))) || !slices.Equal(before, d.Sample(source(5))) {
		t.Error("the same points give another distribution, or the old one has changed")
	}
	if x := a.Sample(source(9)); x[4] != 0.5 {
		t.Errorf("the fixed coordinate is %v", x[4])
	}
}

// Where chance ranks the points, the step size neither grows nor shrinks in the long run, also when most points do not have
// most coordinates.
func TestNeutral(t *testing.T) {
	for _, missing := range []float64{0, 0.7} {
		drift, r := 0.0, source(3)
		const runs, generations = 40, 30
		for range runs {
			d := New(numbers(6), nil, 9)
			d.sigma = 1e-6 // far from the ends, where points are mirrored
			for range generations {
				points := make([]Point, 9)
				for i := range points {
					points[i] = Point{X: d.Sample(r), Source: r}
					for j := range points[i].X {
						if r.Float64() < missing {
							points[i].X[j] = math.NaN()
						}
					}
				}
				d = d.Next(points, true)
			}
			for i := range d.numbers {
				drift += math.Log(d.deviation(i)/1e-6) / float64(len(d.numbers)*runs)
			}
		}
		t.Logf("missing %.1f: the step size changes by a factor of %.2f in %d generations", missing, math.Exp(drift), generations)
		if math.Abs(drift) > 1 {
			t.Errorf("missing %.1f: a drift of %.2f", missing, drift)
		}
	}
}

// Fewer points than two change nothing but the count, and points far away move the distribution only so far.
func TestOddGenerations(t *testing.T) {
	d := New(numbers(3), []Point{{X: []float64{0.5, math.NaN(), 0.5}}}, 7)
	if next := d.Next([]Point{{X: []float64{0, 0, 0}}}, true); !slices.Equal(next.mean, d.mean) {
		t.Error("a single point moves the mean")
	}
	d.sigma = 1e-9
	far := []Point{{X: []float64{1, 1, 1}}, {X: []float64{0, 1, 0}}, {X: []float64{0, 0, 1}}, {X: []float64{0, 0, 0}}}
	next := d.Next(far, true)
	if got := next.mean[0] - 0.5; got <= 0 || got > 1e-8 || next.sigma > 3e-9 {
		t.Errorf("the mean moves by %g, the step size is %g", got, next.sigma)
	}
}

// Converged: too narrow, or no progress; then a restart has twice as many points.
func TestConverged(t *testing.T) {
	sphere := func(x []float64) float64 { return (x[0]-0.4)*(x[0]-0.4) + (x[1]-0.6)*(x[1]-0.6) }
	d := New(numbers(2), nil, 6)
	generations := 0
	for ; !d.Converged() && generations < 200; generations++ {
		_, d = minimize(d, 1, uint64(generations), sphere)
	}
	if generations < 10 || generations == 200 || d.deviation(0) > tolX {
		t.Errorf("a sphere takes %d generations, deviation %g", generations, d.deviation(0))
	}
	if r := d.Restart(source(1)); r.Lambda() != 12 || r.Converged() || r.sigma != startSigma {
		t.Errorf("restarted with %d points", r.Lambda())
	}
	d = New([]Dim{{Choices: 2}}, nil, 4)
	for range 18 {
		if d.Converged() {
			t.Fatal("gives up too early")
		}
		d = d.Next([]Point{{X: []float64{0}}, {X: []float64{1}}}, false)
	}
	if !d.Converged() {
		t.Error("goes on without progress")
	}
}
