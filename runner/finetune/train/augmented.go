package train

import (
	"errors"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
)

// changing is what differs from epoch to epoch; at begins the one that key names, without the row.
type changing interface{ at(key augment.Key) }

// augment is the feed of the job's inputs as they are changed at random; nil when they are not.
func (l *Loop) augment() (feed, changing, error) {
	o := l.job.Options
	switch in := l.job.Inputs.(type) {
	case *data.Images:
		if o.Augment.Enabled() || o.Mixup > 0 {
			a := newAugmented(in, o, l.job.Train)
			return &mixed{newFixed(a, l.Batch()), a.mix, l.job.Target}, a, nil
		}
	case *data.Tokens:
		if o.TextAugment.Enabled() {
			c, err := newChangedTexts(in, o.TextAugment)
			return &packed{tokens: in, changed: c}, c, err
		}
	default:
		if o.Augment.Enabled() || o.Mixup > 0 || o.TextAugment.Enabled() {
			return nil, nil, errors.New("only images and texts can be augmented")
		}
	}
	return nil, nil, nil
}

// augmented is images changed at random.
type augmented struct {
	images   *data.Images
	aug      *augment.Augmenter
	key      augment.Key
	mix      *mixing // nil: each image by itself
	src      []float32
	dst, two []float32
}

func newAugmented(images *data.Images, o Options, train []int) *augmented {
	in, n := images.Input, images.Floats()
	a := &augmented{
		images: images,
		aug:    augment.New(o.Augment, images.Channels, in.Height, in.Width),
		src:    make([]float32, n), dst: make([]float32, n), two: make([]float32, n),
	}
	if o.Mixup > 0 {
		a.mix = &mixing{draw: augment.NewMixup(o.Mixup), rows: train}
	}
	return a
}

func (a *augmented) at(key augment.Key) {
	a.key = key
	if a.mix != nil {
		a.mix.key = key
	}
}

func (a *augmented) Size() int { return a.images.Size() }

func (a *augmented) Write(dst []float32, row int) {
	a.change(a.dst, row)
	if a.mix != nil {
		other, share := a.mix.of(row)
		a.change(a.two, other)
		augment.Blend(a.dst, a.two, share)
	}
	a.images.Spread(dst, a.dst)
}

// change writes an image as it is changed in this epoch.
func (a *augmented) change(dst []float32, row int) {
	a.key.Row = row
	a.images.Load(a.src, row)
	a.aug.Apply(dst, a.src, a.key)
}

// mixing says with which of the rows to train on each row is mixed in an epoch.
type mixing struct {
	draw *augment.Mixup
	key  augment.Key
	rows []int
}

// of is the row that is mixed into a row, and the share that this one keeps.
func (m *mixing) of(row int) (other int, share float64) {
	m.key.Row = row
	i, share := m.draw.Draw(m.key, len(m.rows))
	return m.rows[i], share
}

// blend mixes what rows should come out as in the same way: of classes it makes probabilities.
func (m *mixing) blend(t *Target, rows []int, y *goal) {
	y.probs = y.probs[:0]
	for i, row := range rows {
		other, share := m.of(row)
		from := len(y.probs)
		for out := range t.Outputs {
			if len(y.values) > 0 {
				v := &y.values[i*t.Outputs+out]
				*v = float32(share)**v + float32(1-share)*t.value(other, out)
			} else {
				y.probs = append(y.probs, 0)
			}
		}
		if len(y.labels) > 0 {
			y.probs[from+int(t.Labels[row])] += float32(share)
			y.probs[from+int(t.Labels[other])] += float32(1 - share)
		}
	}
}

// mixed is rows of one size that may be mixed with others.
type mixed struct {
	*fixed
	mix    *mixing // nil: they are not
	target *Target
}

func (f *mixed) step(g *model.Trainer, rows []int, y *goal, step uint64) (float64, []float32, error) {
	if f.mix != nil {
		f.mix.blend(f.target, rows, y)
	}
	return f.fixed.step(g, rows, y, step)
}

// changedTexts is texts whose tokens are dropped or masked at random.
type changedTexts struct {
	tokens *data.Tokens
	texts  *augment.Texts
	key    augment.Key
}

// NoMask is the fault of masking tokens with a tokenizer that has no token for it.
func NoMask() error {
	return &ParamError{Name: "augment_mask", Msg: "the model's tokenizer has no mask token", Hint: "augment_drop leaves tokens out instead"}
}

func newChangedTexts(tokens *data.Tokens, c augment.TextConfig) (*changedTexts, error) {
	mask, ok := tokens.Mask()
	if c.Mask > 0 && !ok {
		return nil, NoMask()
	}
	return &changedTexts{tokens: tokens, texts: augment.NewTexts(c, mask, tokens.Special)}, nil
}

func (c *changedTexts) at(key augment.Key) { c.key = key }

// append appends a text as it is changed in this epoch.
func (c *changedTexts) append(ids, types []int32, row int) ([]int32, []int32) {
	c.key.Row = row
	from, segments := c.tokens.Row(row)
	return c.texts.Append(ids, types, from, segments, c.key)
}
