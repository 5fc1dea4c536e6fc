package blas

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// threaded runs f with one goroutine and with three, and wants the same bits.
func threaded(t *testing.T, f func() [][]float32) [][]float32 {
	t.Helper()
	one := f()
	SetThreads(3)
	defer SetThreads(1)
	for i, x := range f() {
		if !slices.Equal(x, one[i]) {
			t.Errorf("result %d depends on the number of goroutines", i)
		}
	}
	return one
}

func TestTanhGELU(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		const rows, cols = 301, 67
		x, bias := make([]float32, rows*cols), make([]float32, cols)
		for i := range x {
			x[i] = (float32(i)/float32(len(x)) - 0.5) * 24
		}
		for i := range bias {
			bias[i] = float32(i%3) - 1
		}
		out := threaded(t, func() [][]float32 {
			y, slope, z := make([]float32, len(x)), make([]float32, len(x)), slices.Clone(x)
			TanhGELU(rows, x, bias, y, slope)
			TanhGELU(rows, z, bias, z, nil)
			if !slices.Equal(y, z) {
				t.Error("in place gives another result")
			}
			return [][]float32{y, slope}
		})
		for i := range x {
			v := float64(x[i] + bias[i%cols])
			u := math.Sqrt(2/math.Pi) * (v + 0.044715*v*v*v)
			th := math.Tanh(u)
			du := math.Sqrt(2/math.Pi) * (1 + 3*0.044715*v*v)
			for j, want := range []float64{v * (1 + th) / 2, (1+th)/2 + v*(1-th*th)/2*du} {
				if d := math.Abs(float64(out[j][i]) - want); !(d < 3e-7*(1+math.Abs(v))) {
					t.Fatalf("result %d at %v is %v, want %v", j, v, out[j][i], want)
				}
			}
		}
	})
}

func TestAxpy(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		rng := rand.New(rand.NewPCG(5, 5))
		for _, n := range []int{1, 16, 37, 300000} {
			x, y := random(rng, n), random(rng, n)
			out := threaded(t, func() [][]float32 {
				z := slices.Clone(y)
				Axpy(-2, x, z)
				return [][]float32{z}
			})
			var want []float64
			for i, v := range x {
				want = append(want, float64(y[i])-2*float64(v))
			}
			near(t, "axpy", out[0], want, 1e-6)
		}
	})
}

// The known answers are those of Random123, the library of the paper's authors.
func TestPhilox(t *testing.T) {
	for _, c := range []struct {
		key           uint64
		counter, want [4]uint32
	}{
		{0, [4]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{^uint64(0), [4]uint32{^uint32(0), ^uint32(0), ^uint32(0), ^uint32(0)}, [4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
		{0x299f31d0a4093822, [4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
	} {
		if got := philox(c.key, c.counter); got != c.want {
			t.Errorf("key %x counter %x: %x, want %x", c.key, c.counter, got, c.want)
		}
	}
}

// Every kernel drops what Dropout.Word says.
func TestDropout(t *testing.T) {
	allKernels(t, func(t *testing.T) {
		d := Dropout{P: 0.3, Key: 0x123456789abcdef0, Step: 1 << 40}
		x, add := random(rand.New(rand.NewPCG(7, 7)), 70001), random(rand.New(rand.NewPCG(8, 8)), 70001)
		out := threaded(t, func() [][]float32 {
			y, sum := slices.Clone(x), make([]float32, len(x))
			d.Apply(y, nil, y)
			d.Apply(x, add, sum)
			return [][]float32{y, sum}
		})
		dropped := 0
		for i, v := range x {
			want := float64(v) / 0.7
			if d.Word(0, i) < d.Threshold() {
				want = 0
				dropped++
			}
			if got := out[0][i]; math.Abs(float64(got)-want) > 1e-6 || math.Abs(float64(out[1][i])-want-float64(add[i])) > 1e-6 {
				t.Fatalf("element %d is %v, then %v, want %v and plus %v", i, got, out[1][i], want, add[i])
			}
		}
		if rate := float64(dropped) / float64(len(x)); math.Abs(rate-0.3) > 0.01 {
			t.Errorf("dropped %v of the elements", rate)
		}
	})
}
