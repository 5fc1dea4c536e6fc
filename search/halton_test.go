package search

import (
	"slices"
	"testing"
)

// The first b points of a coordinate in base b lie in b different cells, whatever the permutations.
func TestHaltonStratifies(t *testing.T) {
	for i, b := range []int{2, 3, 5, 7, 11} {
		seen := make([]bool, b)
		for n := range b {
			u := halton(n, 5, 42)[i]
			if u < 0 || u >= 1 {
				t.Fatalf("point %d: %v", n, u)
			}
			seen[int(u*float64(b))] = true
		}
		if slices.Contains(seen, false) {
			t.Errorf("base %d: cells %v", b, seen)
		}
	}
}

func TestHaltonFollowsSeed(t *testing.T) {
	if !slices.Equal(halton(3, 4, 1), halton(3, 4, 1)) {
		t.Error("the same seed gives different points")
	}
	if slices.Equal(halton(3, 4, 1), halton(3, 4, 2)) {
		t.Error("different seeds give the same point")
	}
}
