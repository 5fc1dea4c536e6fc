package augment

import (
	"math"
	"slices"
	"testing"
)

func near(a, b []float32, by float64) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Abs(float64(x-y)) <= by })
}

// The values are those of torchvision's adjust_brightness, adjust_contrast and adjust_saturation, worked out by hand.
func TestTone(t *testing.T) {
	grey := []float32{0, 100, 200, 60}
	colour := []float32{200, 0 /* red */, 100, 0 /* green */, 0, 50 /* blue */}
	for name, c := range map[string]struct {
		tone     tone
		image    []float32
		channels int
		want     []float32
	}{
		"nothing":         {tone{1, 1, 1}, grey, 1, grey},
		"darker":          {tone{0.5, 1, 1}, grey, 1, []float32{0, 50, 100, 30}},
		"brighter":        {tone{1.5, 1, 1}, grey, 1, []float32{0, 150, 255, 90}},
		"no contrast":     {tone{1, 0, 1}, grey, 1, []float32{90, 90, 90, 90}},
		"more contrast":   {tone{1, 1.5, 1}, grey, 1, []float32{0, 105, 255, 45}},
		"no saturation":   {tone{1, 1, 0}, colour, 3, []float32{118.5, 5.7, 118.5, 5.7, 118.5, 5.7}},
		"half saturation": {tone{1, 1, 0.5}, colour, 3, []float32{159.25, 2.85, 109.25, 2.85, 59.25, 27.85}},
		"of two channels": {tone{1, 1, 0}, grey, 2, grey},
		"contrast, RGB":   {tone{1, 0, 1}, colour, 3, []float32{62.1, 62.1, 62.1, 62.1, 62.1, 62.1}},
	} {
		got := slices.Clone(c.image)
		c.tone.apply(got, c.channels)
		if !near(got, c.want, 1e-4) {
			t.Errorf("%s: %v, expected %v", name, got, c.want)
		}
	}
}

func TestColorStaysWithinItsBounds(t *testing.T) {
	a := New(Config{Color: 0.3}, 3, 2, 2)
	low, high, product := 1.0, 1.0, 0.0
	for row := range 2000 {
		a.pcg.Seed(5, uint64(row))
		x := a.drawTone()
		for _, f := range []float32{x.brightness, x.contrast, x.saturation} {
			low, high = min(low, float64(f)), max(high, float64(f))
		}
		product += float64(x.brightness-1) * float64(x.contrast-1) / 2000
	}
	if low < 0.7-1e-6 || low > 0.71 || high > 1.3+1e-6 || high < 1.29 || math.Abs(product) > 0.002 {
		t.Errorf("factors %v to %v, correlated by %v", low, high, product)
	}
}

// Changes of colour and cutout leave the place of pixels exact, and the other draws as they were.
func TestChangesHaveDrawsOfTheirOwn(t *testing.T) {
	src := ramp(6, 6)
	moved, all := make([]float32, 36), make([]float32, 36)
	plain, full := New(Config{Shift: 2, Rotation: 15, Crop: 1, Flip: true}, 1, 6, 6), New(Config{Shift: 2, Rotation: 15, Crop: 1, Flip: true, Cutout: 3}, 1, 6, 6)
	cuts := map[[2]int]bool{}
	for row := range 300 {
		k := Key{Seed: 3, Row: row}
		plain.Apply(moved, src, k)
		full.Apply(all, src, k)
		for i := range all {
			if all[i] != moved[i] && all[i] != 0 {
				t.Fatalf("row %d: pixel %d is %v, without cutout %v", row, i, all[i], moved[i])
			}
		}
	}
	whole := New(Config{Cutout: 3}, 2, 6, 5)
	src = make([]float32, 60)
	for i := range src {
		src[i] = 9
	}
	dst := make([]float32, 60)
	for row := range 2000 {
		whole.Apply(dst, src, Key{Row: row})
		y, x, n := square(t, dst[:30], 5)
		if !slices.Equal(dst[:30], dst[30:]) {
			t.Fatal("the channels were cut differently")
		}
		if n < 4 || n > 9 {
			t.Fatalf("%d pixels were cut out", n)
		}
		cuts[[2]int{y, x}] = true
	}
	if len(cuts) < 20 { // corners of 6 x 5 centres, of which some clipped squares share one
		t.Errorf("only %d places were cut", len(cuts))
	}
}

// square returns the corner and the number of the black pixels, which must be a rectangle.
func square(t *testing.T, image []float32, width int) (top, left, n int) {
	t.Helper()
	first := slices.Index(image, 0)
	if first < 0 {
		t.Fatal("nothing was cut out")
	}
	top, left = first/width, first%width
	right, bottom := left, top
	for i, v := range image {
		if v == 0 {
			n++
			right, bottom = max(right, i%width), max(bottom, i/width)
		}
	}
	if n != (right-left+1)*(bottom-top+1) {
		t.Fatalf("%d black pixels are no rectangle", n)
	}
	return top, left, n
}

func TestCutAtTheEdges(t *testing.T) {
	for _, c := range []struct{ side, x, y, want int }{{1, 0, 0, 1}, {2, 0, 0, 1}, {3, 0, 0, 4}, {3, 2, 2, 9}, {4, 2, 2, 16}, {3, 4, 4, 4}, {9, 2, 2, 25}, {100, 0, 4, 25}} {
		a := New(Config{Cutout: c.side}, 1, 5, 5)
		image := ramp(5, 5)
		a.cut(image, c.x, c.y)
		if _, _, n := square(t, image, 5); n != c.want {
			t.Errorf("side %d at (%d, %d): %d pixels, expected %d", c.side, c.x, c.y, n, c.want)
		}
	}
}
