package trial

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestUnitsAndAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Shape{rapid.IntRange(1, 10).Draw(t, "folds"), rapid.IntRange(1, 50).Draw(t, "epochs")}
		n := rapid.IntRange(0, s.Folds*s.Epochs).Draw(t, "units")
		r := s.At(n)
		if s.Units(r) != n {
			t.Fatalf("%d units are %v, which is %d units", n, r, s.Units(r))
		}
		if n > 0 && (r.Epoch < 1 || r.Epoch > s.Epochs || r.Fold >= s.Folds) {
			t.Fatalf("%v lies outside of %v", r, s)
		}
		if s.Units(s.Full()) != s.Folds*s.Epochs {
			t.Fatalf("full is %v", s.Full())
		}
	})
}

func TestSlices(t *testing.T) {
	s := Shape{3, 6}
	for _, c := range []struct {
		from, to Resource
		want     []Slice
	}{
		{Resource{}, Resource{0, 2}, []Slice{{0, 0, 2}}},
		{Resource{0, 2}, Resource{2, 6}, []Slice{{0, 2, 6}, {1, 0, 6}, {2, 0, 6}}},
		{Resource{0, 6}, Resource{1, 4}, []Slice{{1, 0, 4}}},
		{Resource{1, 6}, Resource{1, 6}, nil},
	} {
		if d := cmp.Diff(c.want, s.Slices(c.from, c.to)); d != "" {
			t.Errorf("%v to %v: %s", c.from, c.to, d)
		}
	}
}
