package augment

import (
	"math"
	"slices"
	"testing"
)

const (
	cls, sep, mask = 101, 102, 103
)

func isSpecial(id int32) bool { return id == cls || id == sep || id == mask }

// pair is [CLS] 1 ... n [SEP] 1001 ... 1000+n [SEP] with its segments.
func pair(n int32) (ids, types []int32) {
	ids, types = append(ids, cls), append(types, 0)
	for i := range n {
		ids, types = append(ids, 1+i), append(types, 0)
	}
	ids, types = append(ids, sep), append(types, 0)
	for i := range n {
		ids, types = append(ids, 1001+i), append(types, 1)
	}
	return append(ids, sep), append(types, 1)
}

func TestTextsKeepSpecialsOrderAndSegments(t *testing.T) {
	ids, types := pair(50)
	before := slices.Clone(ids)
	texts := NewTexts(TextConfig{Mask: 0.2, Drop: 0.3}, mask, isSpecial)
	droppedAll, maskedAll, words := 0, 0, 0
	for row := range 400 {
		got, segments := texts.Append(nil, nil, ids, types, Key{Seed: 9, Row: row})
		if len(got) != len(segments) || got[0] != cls || got[len(got)-1] != sep {
			t.Fatalf("%v with segments %v", got, segments)
		}
		specials, last := 0, int32(0)
		for i, id := range got {
			switch {
			case id == mask:
				maskedAll++
				continue
			case isSpecial(id):
				specials++
			case id <= last || segments[i] != id/1000:
				t.Fatalf("token %d after %d, in segment %d", id, last, segments[i])
			default:
				last = id
			}
		}
		if specials != 3 {
			t.Fatalf("%d special tokens", specials)
		}
		words += 100
		droppedAll += len(ids) - len(got)
	}
	if share := float64(droppedAll) / float64(words); math.Abs(share-0.3) > 0.01 {
		t.Errorf("%v of the tokens were dropped", share)
	}
	if share := float64(maskedAll) / float64(words-droppedAll); math.Abs(share-0.2) > 0.01 {
		t.Errorf("%v of the tokens left were masked", share)
	}
	if !slices.Equal(ids, before) {
		t.Error("the text itself has changed")
	}
}

func TestTextsFollowTheirKey(t *testing.T) {
	ids, types := pair(20)
	c := TextConfig{Mask: 0.3, Drop: 0.2}
	shared := NewTexts(c, mask, isSpecial)
	first, _ := shared.Append(nil, nil, ids, types, Key{1, 2, 3, 4, 5})
	shared.Append(nil, nil, ids, types, Key{Row: 77})
	for i, changer := range []*Texts{shared, NewTexts(c, mask, isSpecial)} {
		if again, _ := changer.Append(nil, nil, ids, types, Key{1, 2, 3, 4, 5}); !slices.Equal(first, again) {
			t.Errorf("changer %d: %v, then %v", i, first, again)
		}
	}
	for _, k := range []Key{{2, 2, 3, 4, 5}, {1, 1, 3, 4, 5}, {1, 2, 0, 4, 5}, {1, 2, 3, 5, 5}, {1, 2, 3, 4, 6}} {
		if other, _ := shared.Append(nil, nil, ids, types, k); slices.Equal(first, other) {
			t.Errorf("%v changes like another key", k)
		}
	}
	// Switching the one on leaves the other as it was: what is masked alone is what is masked among the tokens left.
	masking, _ := NewTexts(TextConfig{Mask: 0.3}, mask, isSpecial).Append(nil, nil, ids, types, Key{1, 2, 3, 4, 5})
	dropping, _ := NewTexts(TextConfig{Drop: 0.2}, mask, isSpecial).Append(nil, nil, ids, types, Key{1, 2, 3, 4, 5})
	var both []int32
	for i, id := range ids {
		if slices.Contains(dropping, id) {
			both = append(both, masking[i])
		}
	}
	if !slices.Equal(both, first) {
		t.Errorf("%v, put together from the two %v", first, both)
	}
}

func TestATextKeepsAToken(t *testing.T) {
	for _, n := range []int32{1, 2, 5} {
		ids, types := pair(n)
		texts := NewTexts(TextConfig{Drop: 0.99, Mask: 0.99}, mask, isSpecial)
		kept := map[int32]bool{}
		for row := range 500 {
			got, _ := texts.Append(nil, nil, ids, types, Key{Row: row})
			if len(got) < 4 {
				t.Fatalf("%d words: only %v is left", n, got)
			}
			for _, id := range got {
				kept[id] = true
			}
		}
		if len(kept) < int(2*n)+2 {
			t.Errorf("%d words: only %v are ever kept", n, kept)
		}
	}
	bare := []int32{cls, sep}
	if got, _ := NewTexts(TextConfig{Drop: 0.9}, mask, isSpecial).Append(nil, nil, bare, []int32{0, 0}, Key{}); !slices.Equal(got, bare) {
		t.Errorf("an empty text became %v", got)
	}
	ids, types := pair(3)
	got, segments := NewTexts(TextConfig{}, mask, isSpecial).Append([]int32{7}, []int32{8}, ids, types, Key{})
	if !slices.Equal(got, append([]int32{7}, ids...)) || !slices.Equal(segments, append([]int32{8}, types...)) {
		t.Errorf("without a change: %v, segments %v", got, segments)
	}
}

func TestTextConfig(t *testing.T) {
	for _, c := range []struct {
		config  TextConfig
		ok, any bool
	}{{TextConfig{}, true, false}, {TextConfig{Mask: 0.1}, true, true}, {TextConfig{Drop: 0.1}, true, true}, {TextConfig{Mask: 1}, false, true},
		{TextConfig{Drop: 1}, false, true}, {TextConfig{Mask: -0.1}, false, false}, {TextConfig{Drop: math.NaN()}, false, false}} {
		if err := c.config.Validate(); (err == nil) != c.ok || c.config.Enabled() != c.any {
			t.Errorf("%+v: error %v, enabled %v", c.config, err, c.config.Enabled())
		}
	}
}
