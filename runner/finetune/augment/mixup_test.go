package augment

import (
	"math"
	"slices"
	"testing"
)

func TestMixupDraws(t *testing.T) {
	const n, rows = 7, 20_000
	for _, alpha := range []float64{0.001, 0.1, 0.2, 1, 4} {
		m := NewMixup(alpha)
		var sum, squares float64
		others := make([]int, n)
		for row := range rows {
			other, share := m.Draw(Key{Seed: 1, Row: row}, n)
			if share < 0.5 || share > 1 {
				t.Fatalf("a share of %v", share)
			}
			others[other]++
			sum += share
			squares += (share - 0.5) * (share - 0.5)
		}
		// A Beta(a, a) has the variance 1 / (4 (2a + 1)), to which which half a share lies in makes no difference.
		if got, want := squares/rows, 1/(4*(2*alpha+1)); math.Abs(got-want) > 0.01*want+0.001 {
			t.Errorf("alpha %v: variance %v, expected %v", alpha, got, want)
		}
		for i, k := range others {
			if math.Abs(float64(k)-rows/n) > 300 {
				t.Errorf("alpha %v: row %d was mixed in %d times of %d", alpha, i, k, rows)
			}
		}
		if alpha == 1 && math.Abs(sum/rows-0.75) > 0.005 {
			t.Errorf("mean share %v, expected 0.75", sum/rows)
		}
	}
}

func TestMixupFollowsItsKey(t *testing.T) {
	draw := func(k Key) [2]float64 {
		m := NewMixup(0.5)
		m.Draw(Key{Row: 99}, 1000) // what came before is of no matter
		other, share := m.Draw(k, 1000)
		return [2]float64{float64(other), share}
	}
	first := draw(Key{1, 2, 3, 4, 5})
	if again := draw(Key{1, 2, 3, 4, 5}); again != first {
		t.Errorf("%v, then %v", first, again)
	}
	for _, k := range []Key{{2, 2, 3, 4, 5}, {1, 1, 3, 4, 5}, {1, 2, 0, 4, 5}, {1, 2, 3, 5, 5}, {1, 2, 3, 4, 6}} {
		if draw(k) == first {
			t.Errorf("%v draws like another key", k)
		}
	}
}

func TestBlend(t *testing.T) {
	dst := []float32{8, 0, 4}
	Blend(dst, []float32{0, 8, 4}, 0.75)
	if want := []float32{6, 2, 4}; !slices.Equal(dst, want) {
		t.Errorf("%v, expected %v", dst, want)
	}
}

func TestValidateMixup(t *testing.T) {
	for alpha, ok := range map[float64]bool{0: true, 0.2: true, 8: true, -0.1: false, math.Inf(1): false, math.NaN(): false} {
		if err := ValidateMixup(alpha); (err == nil) != ok {
			t.Errorf("%v: error %v", alpha, err)
		}
	}
}
