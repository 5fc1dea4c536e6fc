package augment

import (
	"fmt"
	"math/rand/v2"
)

// TextConfig says which changes are made to texts. The zero TextConfig makes none.
type TextConfig struct {
	Mask float64 // share of the tokens that are replaced by the mask token; [0, 1)
	Drop float64 // share of the tokens that are left out; [0, 1)
}

// Enabled reports whether any change is made.
func (c TextConfig) Enabled() bool { return c.Mask > 0 || c.Drop > 0 }

// Validate checks the ranges.
func (c TextConfig) Validate() error {
	switch {
	case !(c.Mask >= 0 && c.Mask < 1):
		return fmt.Errorf("mask of %v lies outside 0 up to, but not including, 1", c.Mask)
	case !(c.Drop >= 0 && c.Drop < 1):
		return fmt.Errorf("drop of %v lies outside 0 up to, but not including, 1", c.Drop)
	}
	return nil
}

// Texts changes token sequences. It is not safe for concurrent use.
type Texts struct {
	config  TextConfig
	mask    int32
	special func(id int32) bool
	pcg     *rand.PCG
	rng     *rand.Rand
	fates   []fate // of the tokens of a text
}

// fate is what becomes of a token.
type fate uint8

const (
	kept fate = iota
	dropped
	masked
)

// NewTexts returns a changer of texts. special reports which ids are never touched, such as those of [CLS] and [SEP]; mask is the id
// of the mask token, and of no meaning unless config.Mask is above 0.
func NewTexts(config TextConfig, mask int32, special func(id int32) bool) *Texts {
	pcg := rand.NewPCG(0, 0)
	return &Texts{config: config, mask: mask, special: special, pcg: pcg, rng: rand.New(pcg)}
}

// Append appends a changed text to ids and types, and returns them; the text itself, from with a segment for each token in segments,
// stays as it is. Each token is dropped or else masked with draws of its own. A text that would lose all tokens but special ones keeps
// one of them.
func (t *Texts) Append(ids, types, from, segments []int32, k Key) ([]int32, []int32) {
	t.pcg.Seed(Mix(k.Seed, uint64(k.Trial), uint64(k.Fold)), Mix(uint64(k.Epoch), uint64(k.Row)))
	t.draw(from)
	for i, id := range from {
		switch t.fates[i] {
		case dropped:
			continue
		case masked:
			id = t.mask
		}
		ids, types = append(ids, id), append(types, segments[i])
	}
	return ids, types
}

// draw decides on every token.
func (t *Texts) draw(ids []int32) {
	t.fates = t.fates[:0]
	words, gone := 0, 0
	for _, id := range ids {
		f := kept
		if !t.special(id) {
			words++
			drop, mask := t.rng.Float64() < t.config.Drop, t.rng.Float64() < t.config.Mask
			switch {
			case drop:
				f = dropped
				gone++
			case mask:
				f = masked
			}
		}
		t.fates = append(t.fates, f)
	}
	if words > 0 && gone == words {
		t.spare(t.rng.IntN(words))
	}
}

// spare keeps the n-th dropped token.
func (t *Texts) spare(n int) {
	for i, f := range t.fates {
		if f != dropped {
			continue
		}
		if n == 0 {
			t.fates[i] = kept
			return
		}
		n--
	}
}
