package data

import (
	"math"
	"slices"
	"testing"

	"automl/trial"
)

// The figures are those of torch.nn.functional.interpolate (PyTorch 2.15.0), mode "bilinear", align_corners False.
func TestResizeAgreesWithPyTorch(t *testing.T) {
	src := []float32{0, 4, 8, 2, 6, 16, 1, 3, 5}
	for _, c := range []struct {
		h, w int
		want []float32
	}{
		{5, 7, []float32{
			0, 0.57143, 2.28571, 4, 5.71429, 7.42857, 8,
			0.8, 1.37143, 3.08571, 4.8, 7.54286, 10.28572, 11.2,
			2, 2.57143, 4.28571, 6, 10.28572, 14.57143, 16,
			1.4, 1.8, 3, 4.2, 6.42857, 8.65714, 9.4,
			1, 1.28571, 2.14286, 3, 3.85714, 4.71429, 5}},
		{2, 2, []float32{1.5, 8.625, 1.875, 6.75}},
		{3, 3, src},
	} {
		dst := make([]float32, c.h*c.w)
		Resize(dst, c.h, c.w, src, 3, 3)
		for i := range dst {
			if math.Abs(float64(dst[i]-c.want[i])) > 2e-5 {
				t.Errorf("%dx%d: %v, want %v", c.h, c.w, dst, c.want)
				break
			}
		}
	}
}

func TestImages(t *testing.T) {
	grey := &Table{Spec: trial.ImageSpec{Height: 1, Width: 2, Channels: 1, Max: 16}, Pixels: []float32{0, 16, 8, 4}, Lines: []int{2, 3}}
	in := Input{Channels: 3, Height: 1, Width: 2, Scale: 2, Mean: []float32{0, 10, 0}, Std: []float32{1, 1, 2}}
	im, err := grey.Images(in)
	if err != nil {
		t.Fatal(err)
	}
	row := make([]float32, im.Floats())
	if im.Load(row, 1); im.Rows() != 2 || !slices.Equal(row, []float32{127.5, 63.75}) {
		t.Errorf("%d rows, row 1 %v", im.Rows(), row)
	}
	got := make([]float32, in.Size())
	im.Write(got, 1)
	if want := []float32{255, 127.5, 245, 117.5, 127.5, 63.75}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	color := &Table{Spec: trial.ImageSpec{Height: 1, Width: 1, Channels: 3, Max: 255}, Pixels: []float32{1, 2, 3}, Lines: []int{2}}
	in = Input{Channels: 3, Height: 1, Width: 1, Scale: 1, Mean: make([]float32, 3), Std: []float32{1, 1, 1}}
	if im, err = color.Images(in); err != nil {
		t.Fatal(err)
	}
	got = got[:3]
	im.Write(got, 0)
	if want := []float32{1, 2, 3}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	if _, err := color.Images(Input{Channels: 1, Height: 1, Width: 1}); err == nil {
		t.Error("colour images fit a grey model")
	}
}
