package data

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"automl/trial"
)

// pngOf is a PNG file of one grey.
func pngOf(t *testing.T, w, h int, grey uint8) string {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, w, h))
	for i := range img.Pix {
		img.Pix[i] = grey
	}
	return encoded(t, img)
}

func encoded(t *testing.T, img image.Image) string {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// halves is an image whose left half is red and whose right half is blue.
func halves(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(5, 7, 5+w, 7+h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{255, 0, 0, 255}
			if 2*x >= w {
				c = color.NRGBA{0, 0, 255, 255}
			}
			img.Set(5+x, 7+y, c)
		}
	}
	return img
}

func TestFit(t *testing.T) {
	at := func(img *image.RGBA, x, y int) [3]uint8 { p := img.RGBAAt(x, y); return [3]uint8{p.R, p.G, p.B} }
	red, blue, black := [3]uint8{255, 0, 0}, [3]uint8{0, 0, 255}, [3]uint8{}
	wide := halves(40, 10)
	crop := fit(wide, 8, 8, trial.FitCrop, Scaling{})
	if at(crop, 0, 0) != red || at(crop, 7, 7) != blue {
		t.Errorf("crop: %v and %v", at(crop, 0, 0), at(crop, 7, 7))
	}
	pad := fit(wide, 8, 8, trial.FitPad, Scaling{})
	if at(pad, 0, 0) != black || at(pad, 0, 4) != red || at(pad, 7, 4) != blue || at(pad, 7, 7) != black {
		t.Errorf("pad: %v %v %v %v", at(pad, 0, 0), at(pad, 0, 4), at(pad, 7, 4), at(pad, 7, 7))
	}
	stretch := fit(wide, 8, 8, trial.FitStretch, Scaling{})
	if at(stretch, 0, 0) != red || at(stretch, 7, 7) != blue {
		t.Errorf("stretch: %v and %v", at(stretch, 0, 0), at(stretch, 7, 7))
	}
	clear := fit(image.NewNRGBA(image.Rect(0, 0, 3, 3)), 2, 2, "", Scaling{})
	if at(clear, 1, 1) != [3]uint8{255, 255, 255} {
		t.Errorf("what is transparent is %v, not white", at(clear, 1, 1))
	}
	// Half of the columns are white, one by one: each pixel of a small image is their mean, not one of them.
	stripes := image.NewGray(image.Rect(0, 0, 256, 16))
	for i := range stripes.Pix {
		stripes.Pix[i] = uint8(255 * (i % 2))
	}
	small := fit(stripes, 16, 1, trial.FitStretch, Scaling{})
	for x := range 16 {
		if v := int(small.RGBAAt(x, 0).R); v < 118 || v > 138 {
			t.Errorf("column %d is %d, the mean is 127.5", x, v)
		}
	}
}

func TestCentred(t *testing.T) {
	for _, c := range []struct {
		in   image.Rectangle
		w, h int
		want image.Rectangle
	}{
		{image.Rect(0, 0, 40, 10), 8, 8, image.Rect(15, 0, 25, 10)},
		{image.Rect(2, 3, 12, 43), 8, 8, image.Rect(2, 18, 12, 28)},
		{image.Rect(0, 0, 30, 20), 3, 2, image.Rect(0, 0, 30, 20)},
		{image.Rect(0, 0, 1000, 1), 1, 1000, image.Rect(499, 0, 500, 1)},
	} {
		if got := centred(c.in, c.w, c.h); got != c.want {
			t.Errorf("%dx%d in %v: %v, want %v", c.w, c.h, c.in, got, c.want)
		}
	}
}

// An image file becomes the same input as the pixels would, in colour and in grey.
func TestImageFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.png")
	if err := os.WriteFile(file, []byte(encoded(t, halves(2, 1))), 0o600); err != nil {
		t.Fatal(err)
	}
	table := &Table{Paths: []string{file, file}, Lines: []int{1, 2}, Spec: trial.ImageSpec{Fit: trial.FitStretch}}
	in := Input{Channels: 3, Height: 1, Width: 2, Scale: 2, Mean: []float32{0, 0, 10}, Std: []float32{1, 1, 2}}
	im, err := table.Images(in)
	if err != nil {
		t.Fatal(err)
	}
	got := make([]float32, in.Size())
	im.Write(got, 1)
	if want := []float32{510, 0, 0, 0, -5, 250}; !slices.Equal(got, want) || im.Rows() != 2 {
		t.Errorf("%v, want %v", got, want)
	}
	raw := make([]float32, im.Floats())
	im.Load(raw, 0)
	spread := make([]float32, in.Size())
	if im.Spread(spread, raw); !slices.Equal(spread, got) {
		t.Errorf("spread %v, written %v", spread, got)
	}
	grey := Input{Channels: 1, Height: 1, Width: 2, Scale: 1, Mean: []float32{0}, Std: []float32{1}}
	if im, err = table.Images(grey); err != nil {
		t.Fatal(err)
	}
	if im.Write(got[:2], 0); math.Abs(float64(got[0]-76)) > 1 || math.Abs(float64(got[1]-29)) > 1 { // 0.299 and 0.114 of 255
		t.Errorf("grey of red and blue: %v", got[:2])
	}
	if _, err := table.Images(Input{Channels: 2, Height: 1, Width: 1, Mean: make([]float32, 2), Std: make([]float32, 2)}); err == nil {
		t.Error("two channels")
	}
}
