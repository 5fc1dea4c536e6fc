package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Resize is how an image comes to the size of a network's input.
type Resize struct {
	Filter string // Bilinear or Bicubic; empty: whichever
	// Stretch: height and width are scaled each by itself. Otherwise they keep their proportion, and the middle is cut out.
	Stretch bool
	// Share of the scaled height and width (of the shorter one, unless Stretch) that the cut leaves; 0: all.
	Share float64
}

// The filters, both as wide as a smaller size asks for.
const (
	Bilinear = "bilinear"
	Bicubic  = "bicubic"
)

// Resize returns how an image comes to the size of the input.
func (n *Net) Resize() Resize { return n.input.Resize }

// PreprocessorFile says in a folder how an image becomes a network's input.
const PreprocessorFile = "preprocessor_config.json"

// errPreprocessor marks errors that name this file themselves.
var errPreprocessor = errors.New("preprocessor")

// preprocessor is the file: what image processors of the transformers library
// save.
type preprocessor struct {
	Type      string          `json:"image_processor_type"`
	OldType   string          `json:"feature_extractor_type"`
	DoResize  *bool           `json:"do_resize"`
	Size      json.RawMessage `json:"size"`
	Resample  *int            `json:"resample"`
	DoCrop    *bool           `json:"do_center_crop"`
	CropSize  json.RawMessage `json:"crop_size"`
	CropShare *float64        `json:"crop_pct"`
	DoRescale *bool           `json:"do_rescale"`
	Factor    *float64        `json:"rescale_factor"`
	DoNormal  *bool           `json:"do_normalize"`
	Mean      json.RawMessage `json:"image_mean"`
	Std       json.RawMessage `json:"image_std"`
	DoPad     *bool           `json:"do_pad"`
}

// grey is one value for every channel.
func grey(channels int, v float32) []float32 { return slices.Repeat([]float32{v}, channels) }

// images completes the input of a network that takes images by what the folder
// says. Without a file, it is as given, and white is 1 before it is normalized.
func (f *source) images(in Input) (Input, error) {
	in.Scale = 1. / 255
	path := filepath.Join(f.dir, PreprocessorFile)
	text, err := readSmall(path, maxConfig)
	if errors.Is(err, os.ErrNotExist) {
		return in, nil
	}
	if err != nil {
		return in, err
	}
	var p preprocessor
	if err := json.Unmarshal(text, &p); err != nil {
		return in, fmt.Errorf("%w: %s: %w", errPreprocessor, path, err)
	}
	if err := p.apply(&in); err != nil {
		return in, fmt.Errorf("%w: %s: %w", errPreprocessor, path, err)
	}
	return in, nil
}

// apply changes an input to what the file says.
func (p *preprocessor) apply(in *Input) (err error) {
	if is(p.DoPad, false) {
		return errors.New("do_pad true is not supported (false is)")
	}
	if in.Mean, err = perChannel("image_mean", p.Mean, in.Mean); err != nil {
		return err
	}
	if in.Std, err = perChannel("image_std", p.Std, in.Std); err != nil {
		return err
	}
	for _, s := range in.Std {
		if !(s > 0) {
			return fmt.Errorf("image_std %v, want numbers above 0", in.Std)
		}
	}
	if p.Factor != nil {
		if in.Scale = float32(*p.Factor); !(in.Scale > 0) || math.IsInf(float64(in.Scale), 0) {
			return fmt.Errorf("rescale_factor %v, want a number above 0", *p.Factor)
		}
	}
	if !is(p.DoRescale, true) {
		in.Scale = 1
	}
	if !is(p.DoNormal, true) {
		in.Mean, in.Std = grey(in.Channels, 0), grey(in.Channels, 1)
	}
	if p.Resample != nil {
		switch *p.Resample {
		case 2:
			in.Resize.Filter = Bilinear
		case 3:
			in.Resize.Filter = Bicubic
		default:
			return fmt.Errorf("resample %d is not supported (2, bilinear, and 3, bicubic, are)", *p.Resample)
		}
	}
	if !is(p.DoResize, true) {
		return nil
	}
	if strings.HasPrefix(p.Type+p.OldType, "ConvNext") {
		return p.share(in)
	}
	return p.crop(in)
}

// is reads a flag that may be missing.
func is(flag *bool, missing bool) bool {
	if flag == nil {
		return missing
	}
	return *flag
}

// perChannel reads a number for every channel, or one for all.
func perChannel(name string, text json.RawMessage, missing []float32) ([]float32, error) {
	if len(text) == 0 || string(text) == "null" {
		return missing, nil
	}
	var one float32
	if err := json.Unmarshal(text, &one); err == nil {
		return grey(len(missing), one), nil
	}
	var all []float32
	if err := json.Unmarshal(text, &all); err != nil || len(all) != len(missing) {
		return nil, fmt.Errorf("%s %s, want %d numbers, one a channel", name, text, len(missing))
	}
	return all, nil
}

// imageSize is a size as files give it.
type imageSize struct {
	Height, Width int
	Shortest      int `json:"shortest_edge"`
}

func parseSize(name string, text json.RawMessage) (s imageSize, err error) {
	if len(text) == 0 || string(text) == "null" {
		return s, nil
	}
	if err := json.Unmarshal(text, &s.Height); err == nil {
		s.Width = s.Height
	} else if err := json.Unmarshal(text, &s); err != nil || s.Shortest == 0 && min(s.Height, s.Width) == 0 {
		return s, fmt.Errorf("%s %s is not supported (a number, height and width, or shortest_edge are)", name, text)
	}
	if max(s.Height, s.Width, s.Shortest) > maxSide || min(s.Height, s.Width, s.Shortest) < 0 {
		return s, fmt.Errorf("%s %s, want 1 to %d pixels", name, text, maxSide)
	}
	return s, nil
}

// defaultShare is that of ImageNet's usual evaluation.
const defaultShare = 224. / 256

// share reads the size of ConvNext's processor, which ResNets have, too: the
// middle share of the shorter side, or the whole image from 384 pixels on.
func (p *preprocessor) share(in *Input) error {
	s, err := parseSize("size", p.Size)
	if err != nil {
		return err
	}
	if p.Resample == nil {
		in.Resize.Filter = Bicubic
	}
	if edge := max(s.Shortest, s.Height); edge > 0 {
		in.Height, in.Width = edge, edge
	}
	in.Resize.Stretch, in.Resize.Share = in.Height >= 384, 0
	if in.Resize.Stretch {
		return nil
	}
	in.Resize.Share = defaultShare
	if p.CropShare != nil {
		in.Resize.Share = *p.CropShare
	}
	return in.Resize.check("crop_pct")
}

func (r Resize) check(name string) error {
	if !(r.Share > 0 && r.Share <= 1) {
		return fmt.Errorf("%s %v, want above 0 and up to 1", name, r.Share)
	}
	return nil
}

// crop reads a size to scale to, and one to cut out of the middle.
func (p *preprocessor) crop(in *Input) error {
	s, err := parseSize("size", p.Size)
	if err != nil {
		return err
	}
	c, err := parseSize("crop_size", p.CropSize)
	if err != nil {
		return err
	}
	scaled, cut := pair{s.Height, s.Width}, pair{c.Height, c.Width}
	if s.Shortest > 0 {
		scaled = pair{s.Shortest, s.Shortest}
	}
	if scaled.H == 0 {
		scaled = pair{in.Height, in.Width}
	}
	if !is(p.DoCrop, false) || cut.H == 0 {
		if cut = scaled; s.Shortest > 0 && !is(p.DoCrop, false) {
			return fmt.Errorf("size with shortest_edge and no do_center_crop is not supported: images would differ in size")
		}
	}
	in.Resize.Stretch, in.Height, in.Width = s.Shortest == 0, cut.H, cut.W
	in.Resize.Share = float64(cut.H) / float64(scaled.H)
	if wide := float64(cut.W) / float64(scaled.W); math.Abs(wide-in.Resize.Share) > 1e-3 {
		return fmt.Errorf("crop_size %s of size %s changes the proportion, which is not supported", p.CropSize, p.Size)
	}
	return in.Resize.check("crop_size as a share of size")
}
