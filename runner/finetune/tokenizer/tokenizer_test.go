package tokenizer

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

// MiniLM's tokenizer gives the recorded ids of the shared data, cut to 64 and whole.
func TestMiniLM(t *testing.T) {
	var want struct {
		MaxLength int `json:"max_length"`
		Texts     []struct {
			Text       string
			FullLength int     `json:"full_length"`
			IDs        []int32 `json:"input_ids"`
		}
	}
	readJSON(t, sharedFile(t, "data", "minilm", "reference", "tokens.json"), &want)
	dir := strings.TrimSuffix(sharedFile(t, "data", "minilm", "tokenizer.json"), "tokenizer.json")
	tok := loadFrom(t, dir)
	for _, w := range want.Texts {
		var e Encoding
		for _, limit := range []int{want.MaxLength, 0} {
			if err := tok.Append(&e, w.Text, limit); err != nil {
				t.Fatal(err)
			}
		}
		if got := e.IDs[:e.Lengths[0]]; !slices.Equal(got, w.IDs) || int(e.Lengths[1]) != w.FullLength {
			t.Errorf("%q: %v and %d tokens, expected %v and %d", w.Text, got, e.Lengths[1], w.IDs, w.FullLength)
		}
	}
	if tok.Size() != 30522 {
		t.Errorf("size %d, expected 30522", tok.Size())
	}
}

func TestEncodingsStandOneAfterTheOther(t *testing.T) {
	tok := loadFrom(t, "testdata/bert")
	var all Encoding
	var ids []int32
	for _, text := range []string{"the card", "", "why?"} {
		var one Encoding
		if err := tok.Append(&one, text, 0); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, one.IDs...)
		if err := tok.Append(&all, text, 0); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(all.IDs, ids) || len(all.TypeIDs) != len(ids) || len(all.Lengths) != 3 || all.Lengths[1] != 2 {
		t.Errorf("%+v, expected the ids %v", all, ids)
	}
	all.Reset()
	if len(all.IDs)+len(all.TypeIDs)+len(all.Lengths) != 0 {
		t.Errorf("%+v after Reset", all)
	}
}

func TestLimit(t *testing.T) {
	tok := loadFrom(t, "testdata/bert")
	for limit := -1; limit < 6; limit++ {
		var single, pair Encoding
		errSingle, errPair := tok.Append(&single, "the card is here", limit), tok.AppendPair(&pair, "the card", "is here", limit)
		if (errSingle != nil) != (limit != 0 && limit < 2) || (errPair != nil) != (limit != 0 && limit < 3) {
			t.Errorf("limit %d: errors %v and %v", limit, errSingle, errPair)
		}
		if limit > 0 && (len(single.IDs) > limit || len(pair.IDs) > limit) {
			t.Errorf("limit %d: %d and %d tokens", limit, len(single.IDs), len(pair.IDs))
		}
		if errSingle != nil && len(single.Lengths) != 0 {
			t.Error("an error left a sequence")
		}
	}
}

func TestSpecialTokens(t *testing.T) {
	for _, c := range []struct {
		dir, mask string
		special   []string
		words     []string
	}{
		{"bert-added", "[MASK]", []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}, []string{"NEWTOK", "a"}},
		{"bert-vocab", "[MASK]", []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}, []string{"a"}},
		{"roberta-vocab", "<mask>", []string{"<s>", "</s>", "<pad>", "<unk>", "<mask>"}, []string{"a"}},
		{"gpt2", "", []string{"<|endoftext|>"}, []string{"a"}},
	} {
		tok := loadFrom(t, "testdata/"+c.dir)
		mask, ok := tok.Mask()
		if id, _ := tok.ID(c.mask); ok != (c.mask != "") || ok && id != mask {
			t.Errorf("%s: mask %d, %v", c.dir, mask, ok)
		}
		for _, name := range append(c.special, c.words...) {
			id, ok := tok.ID(name)
			if !ok || tok.Special(id) != slices.Contains(c.special, name) || int(id) >= tok.Size() {
				t.Errorf("%s: %q has the id %d, %v, special %v, size %d", c.dir, name, id, ok, tok.Special(id), tok.Size())
			}
		}
		if _, ok := tok.ID("no such token"); ok {
			t.Errorf("%s: has a token that it has not", c.dir)
		}
	}
}

func TestManyGoroutines(t *testing.T) {
	texts := readTexts(t, "testdata")
	for _, dir := range []string{"bert-added", "roberta-prefix"} {
		tok := loadFrom(t, "testdata/"+dir)
		var want Encoding
		for _, text := range texts {
			if err := tok.Append(&want, text, 100); err != nil {
				t.Fatal(err)
			}
		}
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				var got Encoding
				for _, text := range texts {
					if err := tok.Append(&got, text, 100); err != nil {
						t.Error(err)
					}
				}
				if !slices.Equal(got.IDs, want.IDs) || !slices.Equal(got.Lengths, want.Lengths) {
					t.Errorf("%s: another result beside other goroutines", dir)
				}
			})
		}
		wg.Wait()
	}
}

func TestNoAllocations(t *testing.T) {
	if raceDetector {
		t.Skip("under the race detector a sync.Pool forgets at random")
	}
	text := "The quick brown fox can't transfer 100 EUR, über naïve 中文!"
	for _, dir := range []string{"bert", "bert-added", "gpt2", "roberta-prefix", "bpe-odd"} {
		tok := loadFrom(t, "testdata/"+dir)
		var e Encoding
		n := testing.AllocsPerRun(200, func() {
			e.Reset()
			if tok.Append(&e, text, 64) != nil || tok.AppendPair(&e, text, text, 64) != nil {
				t.Error("failed")
			}
		})
		if n >= 1 { // a garbage collection may take the memory away now and then
			t.Errorf("%s: %v allocations", dir, n)
		}
	}
}

// The search for merges agrees with a plain one: the earliest merge, leftmost, again and again.
func TestMergesAgainstPlainSearch(t *testing.T) {
	tok := loadFrom(t, "testdata/roberta")
	m := tok.model.(*bpe)
	rng := rand.New(rand.NewPCG(1, 2))
	alphabet := []byte(" the card payments aeiouéü'")
	for range 2000 {
		word := make([]byte, 1+rng.IntN(40))
		for i := range word {
			word[i] = alphabet[rng.IntN(len(alphabet))]
		}
		var want []int32
		for _, b := range word {
			want = append(want, m.bytes[b])
		}
		for {
			first, at := int32(-1), 0
			for i := 0; i+1 < len(want); i++ {
				if x, ok := m.merges.find(want[i], want[i+1]); ok && (first < 0 || x < first) {
					first, at = x, i
				}
			}
			if first < 0 {
				break
			}
			want = slices.Replace(want, at, at+2, m.merges.list[first].to)
		}
		if got := m.tokens(nil, word, &scratch{}); !slices.Equal(got, want) {
			t.Fatalf("%q: %v, expected %v", word, got, want)
		}
	}
}
