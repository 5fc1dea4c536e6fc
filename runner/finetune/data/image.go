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
	Resize                  Scaling   // of image files of another size
}

// Scaling is how the image files that a network was trained with came to its size. The zero value is nothing in particular.
type Scaling struct {
	Filter string // bilinear or bicubic (default), as wide as a smaller size asks for
	// Stretch: height and width are scaled each by itself. Otherwise they keep their proportion, and the middle is cut out.
	Stretch bool
	// Share of the scaled height and width (of the shorter one, unless Stretch) that the cut leaves; 0: all.
	Share float64
}

// Size is how many floats an image has.
func (in Input) Size() int { return in.Channels * in.Height * in.Width }

// Images are the rows of a table at a network's size, in 0..255 and with the channels of the file (so that a grey image does
// not take three times its memory).
type Images struct {
	Input    Input
	Channels int // of the file: 1 or 3
	n        int
	plane    int       // Height * Width
	floats   []float32 // of pixel columns, n x Channels x plane
	bytes    []byte    // of image files, alike
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
	if t.Paths != nil {
		return t.readImages(in)
	}
	c := t.Spec.Channels
	if err := in.Fits(c); err != nil {
		return nil, err
	}
	im := &Images{Input: in, Channels: c, n: t.Rows(), plane: in.Height * in.Width}
	im.floats = make([]float32, im.n*c*im.plane)
	from := t.Spec.Height * t.Spec.Width
	white := float32(255 / t.Spec.Max)
	for p := range t.Rows() * c {
		dst := im.floats[p*im.plane : (p+1)*im.plane]
		Resize(dst, in.Height, in.Width, t.Pixels[p*from:(p+1)*from], t.Spec.Height, t.Spec.Width)
		for i := range dst {
			dst[i] *= white
		}
	}
	return im, nil
}

// Rows is the number of images.
func (im *Images) Rows() int { return im.n }

// Floats is how many floats Load writes.
func (im *Images) Floats() int { return im.Channels * im.plane }

// Load writes one image, Channels x Height x Width in 0..255.
func (im *Images) Load(dst []float32, row int) {
	n := im.Floats()
	if im.bytes == nil {
		copy(dst, im.floats[row*n:(row+1)*n])
		return
	}
	for i, v := range im.bytes[row*n : (row+1)*n] {
		dst[i] = float32(v)
	}
}

// Size is how many floats the network reads a row.
func (im *Images) Size() int { return im.Input.Size() }

// Write writes what the network reads of a row. dst has Size floats.
func (im *Images) Write(dst []float32, row int) {
	n := im.Floats()
	for c := range im.Input.Channels {
		from := row * n
		if im.Channels > 1 {
			from += c * im.plane
		}
		if im.bytes == nil {
			normalize(im, dst, im.floats[from:from+im.plane], c)
		} else {
			normalize(im, dst, im.bytes[from:from+im.plane], c)
		}
	}
}

// Spread spreads an image (as Load writes it) over the network's channels and normalizes it. dst has Size floats.
func (im *Images) Spread(dst, image []float32) {
	for c := range im.Input.Channels {
		src := image
		if im.Channels > 1 {
			src = image[c*im.plane:]
		}
		normalize(im, dst, src[:im.plane], c)
	}
}

// normalize writes channel c of the network's input.
func normalize[T float32 | byte](im *Images, dst []float32, src []T, c int) {
	scale := im.Input.Scale / im.Input.Std[c]
	shift := im.Input.Mean[c] / im.Input.Std[c]
	out := dst[c*im.plane : (c+1)*im.plane]
	for i, v := range src {
		out[i] = float32(v)*scale - shift
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

// pixel reports whether a column is one of the pixels.
func pixel(im trial.ImageSpec, name string) bool {
	ok, _ := path.Match(im.Pixels, name)
	return ok && name != ""
}

// locatePixels finds the pixel columns.
func (r *reader) locatePixels() error {
	im := r.spec.Image
	for i, name := range r.header {
		if !r.used(i) && pixel(*im, name) {
			r.pixels = append(r.pixels, i)
		}
	}
	if want := im.Height * im.Width * im.Channels; len(r.pixels) != want {
		return r.src.fault(r.src.headerLine(), "%d columns match %q, but an image of %dx%d with %d channels has %d pixels",
			len(r.pixels), im.Pixels, im.Height, im.Width, im.Channels, want).of(fieldPixels).hint("the columns are: %s", List(r.header))
	}
	return nil
}

// addPixels appends the image of a row.
func (r *reader) addPixels(cells []cell, at int) error {
	for _, i := range r.pixels {
		white := r.spec.Image.Max
		text, err := cells[i].plain(r.src, at, r.header[i])
		if err != nil {
			return err
		}
		v, wrong := strconv.ParseFloat(strings.TrimSpace(text), 32)
		if wrong != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return r.src.fault(at, "%q in column %q is not a number", text, r.header[i]).of(fieldPixels)
		}
		if v < 0 || v > white {
			return r.src.fault(at, "%s in column %q lies outside 0..%v", text, r.header[i], white).of(fieldMax).
				hint("max is the pixel value that means white, and 0 is black")
		}
		r.table.Pixels = append(r.table.Pixels, float32(v))
	}
	return nil
}
