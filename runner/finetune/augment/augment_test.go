package augment

import (
	"math"
	"slices"
	"testing"
)

// ramp is an h x w image whose pixels all differ.
func ramp(h, w int) []float32 {
	out := make([]float32, h*w)
	for i := range out {
		out[i] = float32(i + 1)
	}
	return out
}

func TestSameKeySameImage(t *testing.T) {
	c := Config{Shift: 2, Rotation: 15, Crop: 1, Flip: true}
	src := ramp(6, 6)
	key := Key{Seed: 1, Trial: 2, Fold: 3, Epoch: 4, Row: 5}
	first, again, other := make([]float32, 36), make([]float32, 36), make([]float32, 36)
	a := New(c, 1, 6, 6)
	a.Apply(first, src, key)
	a.Apply(other, src, Key{Row: 9})
	New(c, 1, 6, 6).Apply(again, src, key)
	if !slices.Equal(first, again) {
		t.Error("the same key gave two images")
	}
	for name, k := range map[string]Key{
		"seed": {2, 2, 3, 4, 5}, "trial": {1, 1, 3, 4, 5}, "fold": {1, 2, 0, 4, 5}, "epoch": {1, 2, 3, 5, 5}, "row": {1, 2, 3, 4, 6},
	} {
		a.Apply(other, src, k)
		if slices.Equal(first, other) {
			t.Errorf("another %s gave the same image", name)
		}
	}
}

// A flip and a crop move whole pixels: each image is one of the few possible ones, to the bit.
func TestFlipIsExact(t *testing.T) {
	a := New(Config{Flip: true}, 2, 2, 3)
	src := append(ramp(2, 3), 7, 8, 9, 10, 11, 12)
	mirrored := []float32{3, 2, 1, 6, 5, 4, 9, 8, 7, 12, 11, 10}
	flips := 0
	dst := make([]float32, 12)
	for row := range 200 {
		a.Apply(dst, src, Key{Row: row})
		if slices.Equal(dst, mirrored) {
			flips++
		} else if !slices.Equal(dst, src) {
			t.Fatalf("row %d: %v is neither the image nor its mirror image", row, dst)
		}
	}
	if flips < 70 || flips > 130 {
		t.Errorf("%d of 200 images were flipped", flips)
	}
}

func TestCropIsExact(t *testing.T) {
	a := New(Config{Crop: 1}, 1, 3, 3)
	src := ramp(3, 3)
	seen := map[[2]int]bool{}
	dst := make([]float32, 9)
	for row := range 200 {
		a.Apply(dst, src, Key{Row: row})
		for dy := -1; dy <= 1; dy++ {
			for dx := -1; dx <= 1; dx++ {
				if slices.Equal(dst, moved(src, dy, dx)) {
					seen[[2]int{dy, dx}] = true
				}
			}
		}
	}
	if len(seen) != 9 {
		t.Errorf("%d of the 9 possible pieces were cut out", len(seen))
	}
}

// moved is the 3x3 image whose pixel (y, x) is src's (y+dy, x+dx), 0 outside.
func moved(src []float32, dy, dx int) []float32 {
	out := make([]float32, 9)
	for y := range 3 {
		for x := range 3 {
			if y+dy >= 0 && y+dy < 3 && x+dx >= 0 && x+dx < 3 {
				out[y*3+x] = src[(y+dy)*3+x+dx]
			}
		}
	}
	return out
}

// A rotation map has determinant 1 and leaves the centre where it is; a shift stays within its bound.
func TestDrawStaysWithinBounds(t *testing.T) {
	a := New(Config{Rotation: 20}, 1, 8, 8)
	shift := New(Config{Shift: 1.5}, 1, 8, 8)
	most, turned := 0.0, 0.0
	for row := range 300 {
		a.pcg.Seed(1, uint64(row))
		m := a.draw()
		if det := m.xx*m.yy - m.xy*m.yx; math.Abs(det-1) > 1e-12 {
			t.Fatalf("determinant %v", det)
		}
		if x := m.xx*3.5 + m.xy*3.5 + m.x0; math.Abs(x-3.5) > 1e-12 {
			t.Fatalf("the centre went to %v", x)
		}
		turned = max(turned, math.Abs(math.Asin(m.yx))*180/math.Pi)
		shift.pcg.Seed(1, uint64(row))
		n := shift.draw()
		most = max(most, math.Abs(n.x0), math.Abs(n.y0))
	}
	if turned > 20 || turned < 18 || most > 1.5 || most < 1.3 {
		t.Errorf("turned by up to %v degrees, shifted by up to %v pixels", turned, most)
	}
}

func TestQuarterTurn(t *testing.T) {
	src, dst := ramp(2, 2), make([]float32, 4)
	warp(dst, src, 2, 2, affine{xx: 0, xy: -1, x0: 1, yx: 1, yy: 0, y0: 0})
	if want := []float32{2, 4, 1, 3}; !slices.Equal(dst, want) {
		t.Errorf("%v, want %v", dst, want)
	}
}

func TestConfig(t *testing.T) {
	if (Config{}).Enabled() || !(Config{Flip: true}).Enabled() || !(Config{Crop: 1}).Enabled() || !(Config{Color: 0.1}).Enabled() || !(Config{Cutout: 1}).Enabled() {
		t.Error("Enabled is wrong")
	}
	for _, bad := range []Config{{Shift: -1}, {Shift: math.NaN()}, {Rotation: 181}, {Crop: -1}, {Color: -0.1}, {Color: 1.1}, {Color: math.NaN()}, {Cutout: -1}} {
		if bad.Validate() == nil {
			t.Errorf("%+v passed", bad)
		}
	}
	src, dst := ramp(3, 3), make([]float32, 9)
	New(Config{}, 1, 3, 3).Apply(dst, src, Key{})
	if !slices.Equal(src, dst) {
		t.Error("no change changed the image")
	}
}
