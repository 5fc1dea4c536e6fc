package pages

import "testing"

// Arrays of any size and place come back as they were, and are writable to both ends.
func TestHugeChangesNothing(t *testing.T) {
	for _, n := range []int{0, 1, 1000, 1 << 16, 1<<19 + 7, 3<<20 + 1} {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(i)
		}
		y := Huge(x)
		if len(y) != n {
			t.Fatalf("%d of %d elements", len(y), n)
		}
		for i := range y {
			if y[i] != float32(i) {
				t.Fatalf("element %d of %d is %v", i, n, y[i])
			}
			y[i]++
		}
	}
}
