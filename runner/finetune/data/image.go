package data

import (
	"fmt"
	"math"
	"path"
	"strconv"
	"strings"

	"automl/trial"
)

// Input is what a network wants to see: an image of Channels x Height x Width floats, each
// (grey*Scale - Mean[channel]) / Std[channel] with grey in 0..255.
type Input struct {
	Channels, Height, Width int
	Scale                   float32
	Mean, Std               []float32 // one a channel
}

// Size is how many floats an image has.
func (in Input) Size() int { return in.Channels * in.Height * in.Width }

// Images are the rows of a table at a network's size, in 0..255 and with the channels of the file (so that a grey image does
// not take three times its memory).
type Images struct {
	Input    Input
	Channels int // of the file: 1 or 3
	Pixels   []float32
	plane    int // Height * Width
}

// Fits reports why images of so many channels are none for the input: grey images fit any, others need their own number.
func (in Input) Fits(channels int) error {
	if channels > 1 && channels != in.Channels {
		return &Error{Field: fieldImage + ".channels", Msg: fmt.Sprintf("the model has %d channels, the images have %d", in.Channels, channels)}
	}
	if len(in.Mean) != in.Channels || len(in.Std) != in.Channels {
		return fmt.Errorf("input scaling has %d means and %d deviations for %d channels", len(in.Mean), len(in.Std), in.Channels)
	}
	return nil
}

// Images scales every row to the input's size.
func (t *Table) Images(in Input) (*Images, error) {
	c := t.Spec.Channels
	if err := in.Fits(c); err != nil {
		return nil, err
	}
	im := &Images{Input: in, Channels: c, plane: in.Height * in.Width}
	im.Pixels = make([]float32, t.Rows()*c*im.plane)
	from := t.Spec.Height * t.Spec.Width
	white := float32(255 / t.Spec.Max)
	for p := range t.Rows() * c {
		dst := im.Pixels[p*im.plane : (p+1)*im.plane]
		Resize(dst, in.Height, in.Width, t.Pixels[p*from:(p+1)*from], t.Spec.Height, t.Spec.Width)
		for i := range dst {
			dst[i] *= white
		}
	}
	return im, nil
}

// Rows is the number of images.
func (im *Images) Rows() int { return len(im.Pixels) / (im.Channels * im.plane) }

// Row is one image, Channels x Height x Width in 0..255; not a copy.
func (im *Images) Row(i int) []float32 {
	n := im.Channels * im.plane
	return im.Pixels[i*n : (i+1)*n : (i+1)*n]
}

// Size is how many floats the network reads a row.
func (im *Images) Size() int { return im.Input.Size() }

// Write writes what the network reads of a row. dst has Size floats.
func (im *Images) Write(dst []float32, row int) { im.Spread(dst, im.Row(row)) }

// Spread spreads an image (as Row returns it) over the network's channels and normalizes it. dst has Size floats.
func (im *Images) Spread(dst, image []float32) {
	for c := range im.Input.Channels {
		src := image
		if im.Channels > 1 {
			src = image[c*im.plane:]
		}
		scale := im.Input.Scale / im.Input.Std[c]
		shift := im.Input.Mean[c] / im.Input.Std[c]
		out := dst[c*im.plane : (c+1)*im.plane]
		for i, v := range src[:im.plane] {
			out[i] = v*scale - shift
		}
	}
}

// Resize scales one plane bilinearly, pixel centres at half-integers and edges repeated: what PyTorch's interpolate does with
// mode "bilinear", align_corners false and no antialiasing. src is sh x sw, dst is dh x dw.
func Resize(dst []float32, dh, dw int, src []float32, sh, sw int) {
	if dh == sh && dw == sw {
		copy(dst, src)
		return
	}
	for y := range dh {
		y0, y1, fy := sample(y, dh, sh)
		for x := range dw {
			x0, x1, fx := sample(x, dw, sw)
			top := src[y0*sw+x0] + fx*(src[y0*sw+x1]-src[y0*sw+x0])
			low := src[y1*sw+x0] + fx*(src[y1*sw+x1]-src[y1*sw+x0])
			dst[y*dw+x] = top + fy*(low-top)
		}
	}
}

// sample returns the two source pixels that pixel i of to lies between, and its distance from the first, in 0..1.
func sample(i, to, from int) (a, b int, f float32) {
	at := (float64(i)+0.5)*float64(from)/float64(to) - 0.5
	at = max(at, 0)
	a = min(int(at), from-1)
	return a, min(a+1, from-1), float32(at - float64(a))
}

// checkImage checks the image section without the file, and fills in the default of channels.
func checkImage(spec *trial.DataSpec) error {
	bad := func(field, msg, hint string) error { return &Error{Field: field, Msg: msg, Hint: hint} }
	im := *spec.Image
	if im.Channels == 0 {
		im.Channels = 1
	}
	spec.Image = &im
	_, malformed := path.Match(im.Pixels, "x")
	switch {
	case spec.Table != nil:
		return bad(fieldTable, "rows are images or tables, not both", "take image or table out")
	case im.Pixels == "" || malformed != nil:
		return bad(fieldPixels, fmt.Sprintf("%q is no pattern", im.Pixels), `"p*" means every column whose name begins with p`)
	case im.Height < 1 || im.Width < 1:
		return bad(fieldImage, fmt.Sprintf("an image of %dx%d pixels is none", im.Height, im.Width), "height and width are those of the image in the file")
	case im.Channels != 1 && im.Channels != 3:
		return bad(fieldImage+".channels", fmt.Sprintf("%d channels are not supported", im.Channels), "1 for grey, 3 for red, green, blue")
	case !(im.Max > 0) || math.IsInf(im.Max, 0):
		return bad(fieldMax, fmt.Sprintf("%v cannot be the value of white", im.Max), "255 for bytes, 1 for shares")
	case im.Size < 0:
		return bad(fieldImage+".size", fmt.Sprintf("%d pixels are no size", im.Size), "leave it out for the model's own")
	}
	return nil
}

// pixel reports whether a column is one of the pixels.
func pixel(im trial.ImageSpec, name string) bool { ok, _ := path.Match(im.Pixels, name); return ok }

// locatePixels finds the pixel columns.
func (t *Table) locatePixels(header []string, spec trial.DataSpec, where *layout) error {
	im := spec.Image
	for i, name := range header {
		if i != where.label && i != where.key && pixel(*im, name) {
			where.pixels = append(where.pixels, i)
		}
	}
	want := im.Height * im.Width * im.Channels
	if len(where.pixels) != want {
		return &Error{Field: fieldPixels, File: t.File, Line: 1,
			Msg: fmt.Sprintf("%d columns match %q, but an image of %dx%d with %d channels has %d pixels",
				len(where.pixels), im.Pixels, im.Height, im.Width, im.Channels, want),
			Hint: "the columns are: " + List(header)}
	}
	return nil
}

// addPixels appends the image of a record.
func (t *Table) addPixels(record []string, line int, header []string, where layout) error {
	for _, i := range where.pixels {
		v, err := strconv.ParseFloat(strings.TrimSpace(record[i]), 32)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return &Error{Field: fieldPixels, File: t.File, Line: line, Msg: fmt.Sprintf("%q in column %q is not a number", record[i], header[i])}
		}
		if v < 0 || v > t.Spec.Max {
			return &Error{Field: fieldMax, File: t.File, Line: line, Hint: "max is the pixel value that means white, and 0 is black",
				Msg: fmt.Sprintf("%s in column %q lies outside 0..%v", record[i], header[i], t.Spec.Max)}
		}
		t.Pixels = append(t.Pixels, float32(v))
	}
	return nil
}
