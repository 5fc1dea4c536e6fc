package augment

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Config says which changes are made. The zero Config makes none.
type Config struct {
	Shift    float64 // most pixels, not necessarily whole, an image moves along each axis; >= 0
	Rotation float64 // most degrees an image turns to either side around its centre; 0..180
	Crop     int     // pixels of black put around an image before a piece of its own size is cut out at random; >= 0
	Flip     bool    // mirror left and right, every other time
	Color    float64 // brightness, contrast and saturation change by factors in 1-Color..1+Color, each its own; 0..1
	Cutout   int     // pixels of the side of a square that turns black somewhere; >= 0
}

// Enabled reports whether any change is made.
func (c Config) Enabled() bool { return c.moves() || c.Color > 0 || c.Cutout > 0 }

// moves reports whether pixels change their place.
func (c Config) moves() bool { return c.Shift > 0 || c.Rotation > 0 || c.Crop > 0 || c.Flip }

// Validate checks the ranges.
func (c Config) Validate() error {
	switch {
	case !(c.Shift >= 0) || math.IsInf(c.Shift, 0):
		return fmt.Errorf("shift of %v pixels: must be 0 or more", c.Shift)
	case !(c.Rotation >= 0 && c.Rotation <= 180):
		return fmt.Errorf("rotation of %v degrees lies outside 0..180", c.Rotation)
	case c.Crop < 0:
		return fmt.Errorf("crop of %d pixels: must be 0 or more", c.Crop)
	case !(c.Color >= 0 && c.Color <= 1):
		return fmt.Errorf("color of %v lies outside 0..1", c.Color)
	case c.Cutout < 0:
		return fmt.Errorf("cutout of %d pixels: must be 0 or more", c.Cutout)
	}
	return nil
}

// Augmenter changes images of one size. It is not safe for concurrent use.
type Augmenter struct {
	config                  Config
	channels, height, width int
	pcg                     *rand.PCG
	rng                     *rand.Rand
}

// New returns an augmenter of images of channels x height x width.
func New(config Config, channels, height, width int) *Augmenter {
	pcg := rand.NewPCG(0, 0)
	return &Augmenter{config: config, channels: channels, height: height, width: width, pcg: pcg, rng: rand.New(pcg)}
}

// Key names the draw of one row in one epoch.
type Key struct {
	Seed               uint64 // of the study
	Trial, Fold, Epoch int
	Row                int // in the file
}

// Apply writes the changed image to dst; src stays as it is. Both are channels x height x width in 0..255.
func (a *Augmenter) Apply(dst, src []float32, k Key) {
	a.pcg.Seed(Mix(k.Seed, uint64(k.Trial), uint64(k.Fold)), Mix(uint64(k.Epoch), uint64(k.Row)))
	m, tone, x, y := a.draw(), a.drawTone(), a.rng.IntN(a.width), a.rng.IntN(a.height)
	if a.config.moves() {
		plane := a.height * a.width
		for c := range a.channels {
			warp(dst[c*plane:(c+1)*plane], src[c*plane:(c+1)*plane], a.height, a.width, m)
		}
	} else {
		copy(dst, src)
	}
	if a.config.Color > 0 {
		tone.apply(dst, a.channels)
	}
	if a.config.Cutout > 0 {
		a.cut(dst, x, y)
	}
}

// affine maps a pixel (x, y) of the new image to the old one's: (xx*x + xy*y + x0, yx*x + yy*y + y0).
type affine struct{ xx, xy, x0, yx, yy, y0 float64 }

// draw makes every draw even for the changes that are off, so that switching one on leaves the others as they were.
func (a *Augmenter) draw() affine {
	c := a.config
	angle := a.symmetric(c.Rotation) * math.Pi / 180
	dx, dy := a.symmetric(c.Shift), a.symmetric(c.Shift)
	cx, cy := a.rng.IntN(2*c.Crop+1)-c.Crop, a.rng.IntN(2*c.Crop+1)-c.Crop
	flip := a.rng.Uint64()&1 == 1 && c.Flip
	sin, cos := math.Sincos(angle)
	if angle == 0 {
		sin, cos = 0, 1
	}
	midX, midY := float64(a.width-1)/2, float64(a.height-1)/2
	m := affine{xx: cos, xy: -sin, yx: sin, yy: cos}
	m.x0 = midX - cos*midX + sin*midY + dx + float64(cx)
	m.y0 = midY - sin*midX - cos*midY + dy + float64(cy)
	if flip { // x becomes width-1-x before the map
		m.x0 += m.xx * float64(a.width-1)
		m.y0 += m.yx * float64(a.width-1)
		m.xx, m.yx = -m.xx, -m.yx
	}
	return m
}

// symmetric is uniform in [-most, most).
func (a *Augmenter) symmetric(most float64) float64 { return most * (2*a.rng.Float64() - 1) }

// warp samples src at the mapped place of every pixel, bilinearly, black outside.
func warp(dst, src []float32, h, w int, m affine) {
	at := func(y, x int) float32 {
		if y < 0 || y >= h || x < 0 || x >= w {
			return 0
		}
		return src[y*w+x]
	}
	for y := range h {
		for x := range w {
			sx := m.xx*float64(x) + m.xy*float64(y) + m.x0
			sy := m.yx*float64(x) + m.yy*float64(y) + m.y0
			fx, fy := math.Floor(sx), math.Floor(sy)
			ix, iy := int(fx), int(fy)
			rx, ry := float32(sx-fx), float32(sy-fy)
			top := at(iy, ix)*(1-rx) + at(iy, ix+1)*rx
			low := at(iy+1, ix)*(1-rx) + at(iy+1, ix+1)*rx
			dst[y*w+x] = top*(1-ry) + low*ry
		}
	}
}

// Mix turns numbers into one seed, so that neighbouring numbers give unrelated seeds. It is the finalizer of SplitMix64
// (Steele, Lea and Flood 2014) applied after each number.
func Mix(parts ...uint64) uint64 {
	var z uint64
	for _, p := range parts {
		z += p + 0x9e3779b97f4a7c15
		z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		z ^= z >> 31
	}
	return z
}
