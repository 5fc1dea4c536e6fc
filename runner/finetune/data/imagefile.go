package data

import (
	"bufio"
	"errors"
	"image"
	"image/color"
	_ "image/jpeg" // the formats that can be read
	_ "image/png"
	"io/fs"
	"os"
	"runtime"
	"sync"
	"sync/atomic"

	"golang.org/x/image/draw"

	"automl/trial"
)

// maxPixels bounds the size of an image file, so that a small file does not fill the memory.
const maxPixels = 1 << 27

// readImages reads the image files at the input's size, as many at a time as there are threads.
func (t *Table) readImages(in Input) (*Images, error) {
	channels := in.Channels
	if err := in.Fits(channels); err != nil {
		return nil, err
	}
	if channels != 1 && channels != 3 {
		return nil, &Error{Field: fieldImage, Msg: "image files make images of 1 or 3 channels, which the model does not take"}
	}
	im := &Images{Input: in, Channels: channels, n: t.Rows(), plane: in.Height * in.Width}
	im.bytes = make([]byte, im.n*im.Floats())
	return im, t.eachImage(func(row int, img image.Image) {
		fitted := fit(img, in.Width, in.Height, t.Spec.Fit, in.Resize)
		planes(im.bytes[row*im.Floats():(row+1)*im.Floats()], fitted, channels)
	})
}

// checkImages finds the first image file that cannot be read.
func (t *Table) checkImages() error { return t.eachImage(func(int, image.Image) {}) }

// eachImage decodes all image files and hands them over, several at a time. The error is that of the first row with one.
func (t *Table) eachImage(do func(row int, img image.Image)) error {
	var wait sync.WaitGroup
	var next atomic.Int64
	var broken atomic.Bool
	errs := make([]error, len(t.Paths))
	for range min(runtime.GOMAXPROCS(0), len(t.Paths)) {
		wait.Go(func() {
			for !broken.Load() {
				row := int(next.Add(1)) - 1
				if row >= len(t.Paths) {
					return
				}
				img, err := decode(t.Paths[row])
				if err != nil {
					errs[row] = t.imageFault(row, err)
					broken.Store(true)
					return
				}
				do(row, img)
			}
		})
	}
	wait.Wait()
	for _, err := range errs { // rows are taken in order: whoever broke first in the file is among those that were taken
		if err != nil {
			return err
		}
	}
	return nil
}

// imageFault names the image file and, where there is one, the row of the data file that names it.
func (t *Table) imageFault(row int, err error) error {
	var read *fs.PathError
	if errors.As(err, &read) {
		err = read.Err
	}
	s := source{file: t.Paths[row], field: t.src.field}
	e := s.fault(0, "cannot be read as PNG or JPEG: %v", err).hint("convert it, or leave it out")
	e.Err = err
	return e
}

// decode reads an image file.
func decode(file string) (image.Image, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	config, _, err := image.DecodeConfig(bufio.NewReader(f))
	if err != nil {
		return nil, err
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxPixels/config.Height {
		return nil, errors.New("it is too large, or has no pixels")
	}
	if _, err := f.Seek(0, 0); err != nil {
		return nil, err
	}
	img, _, err := image.Decode(bufio.NewReader(f))
	return img, err
}

// fit scales an image to w x h, over white where it is transparent: each pixel of the result is a weighted mean of all that
// it covers. Without a word how, it is as the network's images were scaled.
func fit(img image.Image, w, h int, how string, r Scaling) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, w, h))
	from, to := img.Bounds(), out.Bounds()
	switch {
	case how == trial.FitStretch:
	case how == trial.FitPad:
		draw.Draw(out, to, image.NewUniform(color.Black), image.Point{}, draw.Src)
		to = centred(to, from.Dx(), from.Dy())
	case how == "" && (r.Stretch || r.Share > 0):
		to = r.scaled(from.Dx(), from.Dy(), w, h)
	default:
		from = centred(from, w, h)
	}
	draw.Draw(out, to, image.NewUniform(color.White), image.Point{}, draw.Src)
	kernel := draw.CatmullRom
	if r.Filter == "bilinear" {
		kernel = draw.BiLinear
	}
	kernel.Scale(out, to, img, from, draw.Over, nil)
	return out
}

// scaled is where an image of dx x dy pixels lies once it is scaled, around the w x h pixels in its middle: of the sizes that the
// image processors of the transformers library round to.
func (r Scaling) scaled(dx, dy, w, h int) image.Rectangle {
	share := r.Share
	if share == 0 {
		share = 1
	}
	whole := func(n int) int { return int(float64(n)/share + 1e-6) }
	sw, sh := whole(w), whole(h)
	if !r.Stretch {
		if dx*sh > dy*sw {
			sw = max(w, sh*dx/dy)
		} else {
			sh = max(h, sw*dy/dx)
		}
	}
	left, top := (sw-w)/2, (sh-h)/2
	return image.Rect(-left, -top, sw-left, sh-top)
}

// centred is the largest rectangle of the shape w:h in the middle of another, at least a pixel wide and high.
func centred(in image.Rectangle, w, h int) image.Rectangle {
	dx, dy := in.Dx(), in.Dy()
	if dx*h > dy*w {
		dx = max(1, (dy*w+h/2)/h)
	} else {
		dy = max(1, (dx*h+w/2)/w)
	}
	min := in.Min.Add(image.Pt((in.Dx()-dx)/2, (in.Dy()-dy)/2))
	return image.Rectangle{Min: min, Max: min.Add(image.Pt(dx, dy))}
}

// planes writes an image channel by channel: red, green and blue, or grey.
func planes(dst []byte, img *image.RGBA, channels int) {
	n := len(dst) / channels
	for i := range n {
		p := img.Pix[4*i : 4*i+4]
		if channels == 1 {
			dst[i] = color.GrayModel.Convert(color.RGBA{p[0], p[1], p[2], 255}).(color.Gray).Y
			continue
		}
		for c := range channels {
			dst[c*n+i] = p[c]
		}
	}
}
