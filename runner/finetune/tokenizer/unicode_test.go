package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"testing"
)

// The normalizer, and both ways to cut words, do what the reference does to every code point there is.
func TestEveryCodePoint(t *testing.T) {
	var want map[string]string
	readJSON(t, "testdata/digests.json", &want)
	tables, s := unicodeTables(), &scratch{}
	got := map[string]hash.Hash{"bert": sha256.New(), "bytelevel": sha256.New()}
	normalizers := map[string]*bertNormalizer{}
	for _, bits := range []int{3, 4, 8, 15} {
		n := &bertNormalizer{clean: bits&1 > 0, cjk: bits&2 > 0, accents: bits&4 > 0, lower: bits&8 > 0}
		n.settle(tables)
		name := fmt.Sprintf("normalizer-%d", bits)
		normalizers[name], got[name] = n, sha256.New()
	}
	var line []byte
	for r := rune(0); r <= 0x10ffff; r++ {
		if 0xd800 <= r && r <= 0xdfff {
			continue
		}
		text := []byte(strings.ReplaceAll("a#b ##\u0316\u0301x\u0345# 1#.# #", "#", string(r)))
		for name, n := range normalizers {
			line = append(n.append(line[:0], text, s), '\n')
			got[name].Write(line)
		}
		line = line[:0]
		for at := 0; ; {
			start, end := nextWord(tables, text[at:])
			if start == end {
				break
			}
			line = append(append(line, text[at+start:at+end]...), 0)
			at += end
		}
		got["bert"].Write(append(line[:max(len(line)-1, 0)], '\n'))
		line = line[:0]
		for at := 0; at < len(text); {
			n := byteLevel{split: true}.next(tables, text[at:])
			line = append(strconv.AppendInt(line, int64(n), 10), ' ')
			at += n
		}
		got["bytelevel"].Write(append(line[:len(line)-1], '\n'))
	}
	if len(got) != len(want) {
		t.Fatalf("%d digests, expected %d", len(want), len(got))
	}
	for name, h := range got {
		if sum := hex.EncodeToString(h.Sum(nil)); sum != want[name] {
			t.Errorf("%s: digest %s, expected %s", name, sum, want[name])
		}
	}
}
