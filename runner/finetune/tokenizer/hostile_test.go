package tokenizer

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"automl/runner/finetune/memtest"
)

// short returns the i-th of many short tokens.
func short(i int) string { return fmt.Sprintf("%x", i) }

// However a file is made, reading it allocates a small multiple of its size: the file itself, and tables of 14 bytes a token, 18 a
// merge and some 100 an added token beside their texts.
func TestMemoryIsBoundedByTheFile(t *testing.T) {
	unicodeTables() // once for the program
	const n = 100_000
	var vocab, merges, added, text strings.Builder
	for i := range n {
		fmt.Fprintf(&vocab, `"%s":%d,`, short(i), i%10)
		fmt.Fprintf(&merges, `"%x %x",`, i%16, i/16%16)
		fmt.Fprintf(&added, `{"content":"%s"},`, short(i))
		fmt.Fprintln(&text, short(i))
	}
	json := func(vocab, merges, added string) map[string]string {
		return map[string]string{tokenizerFile: fmt.Sprintf(`{"pre_tokenizer":{"type":"ByteLevel"},"added_tokens":[%s],
			"model":{"type":"BPE","vocab":{%s},"merges":[%s]}}`, strings.TrimSuffix(added, ","), strings.TrimSuffix(vocab, ","), strings.TrimSuffix(merges, ","))}
	}
	for name, c := range map[string]struct {
		files map[string]string
		times float64
	}{
		"short tokens":   {json(vocab.String(), "", ""), 3.5},
		"short merges":   {json(vocab.String(), merges.String(), ""), 4},
		"added tokens":   {json(`"a":0`, "", added.String()), 9},
		"one long token": {json(`"`+strings.Repeat("a", 1<<20)+`":0`, "", ""), 2.5},
		"largest id":     {json(`"a":2147483646`, "", ""), 0},
		"white space":    {json(`"a":`+strings.Repeat(" ", 1<<20)+`0`, "", ""), 1.5},
		"unused parts":   {map[string]string{tokenizerFile: `{"x":[` + strings.Repeat("{},", n) + `0]}`}, 1.5},
		"deep":           {map[string]string{tokenizerFile: strings.Repeat("[", n) + strings.Repeat("]", n)}, 5},
		"long type":      {map[string]string{tokenizerFile: `{"normalizer":"` + strings.Repeat("x", 1<<20) + `"}`}, 2},
		"vocab.txt":      {map[string]string{vocabTextFile: "[UNK]\n[CLS]\n[SEP]\n" + text.String()}, 5},
		"empty lines":    {map[string]string{vocabTextFile: strings.Repeat("\n", n)}, 17},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.files)
			size := 0
			for _, text := range c.files {
				size += len(text)
			}
			var err error
			got := memtest.Allocated(func() { _, err = Load(dir) })
			if float64(got) > c.times*float64(size)+20_000 {
				t.Errorf("%d bytes allocated for a file of %d, %.1f times as many; error: %.200v", got, size, float64(got)/float64(size), err)
			}
		})
	}
}

// fuzzFolder loads a folder whose file is data, and tokenizes with what comes out. Neither may panic; an error names the file.
func fuzzFolder(t *testing.T, dir string, files map[string]string) {
	fill(t, dir, files)
	tok, err := Load(dir)
	if err != nil {
		if !strings.Contains(err.Error(), dir) {
			t.Errorf("%v does not name the file", err)
		}
		return
	}
	var e Encoding
	for _, text := range []string{"", "the card's 12 [MASK] <mask>  x", "über\u0301 中\xff\n", strings.Repeat("ab", 300)} {
		if err := tok.Append(&e, text, 0); err != nil {
			t.Fatal(err)
		}
		if err := tok.AppendPair(&e, text, "b", 70); err != nil && !strings.Contains(err.Error(), "limit") {
			t.Fatal(err)
		}
	}
	total := 0
	for _, n := range e.Lengths {
		total += int(n)
	}
	if total != len(e.IDs) || total != len(e.TypeIDs) {
		t.Errorf("%d ids, %d types, lengths %v", len(e.IDs), len(e.TypeIDs), e.Lengths)
	}
	for _, id := range e.IDs {
		if id < 0 || int(id) >= tok.Size() {
			t.Errorf("id %d with a size of %d", id, tok.Size())
		}
	}
}

// seeds adds a file of every folder that has one.
func seeds(f *testing.F, name string) {
	files, err := filepath.Glob(filepath.Join("testdata", "*", name))
	if err != nil || len(files) == 0 {
		f.Fatalf("no %s: %v", name, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
}

func FuzzTokenizerJSON(f *testing.F) {
	seeds(f, tokenizerFile)
	f.Add([]byte(`{"pre_tokenizer":{"type":"ByteLevel"},"model":{"vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}`))
	f.Add([]byte(`{"pre_tokenizer":{"type":"BertPreTokenizer"},"model":{"vocab":{"[UNK]":0,"b":1,"##b":2}},"added_tokens":[{"content":"x","lstrip":true,"rstrip":true}]}`))
	f.Add([]byte(manySpecials(5)))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) { fuzzFolder(t, dir, map[string]string{tokenizerFile: string(b)}) })
}

func FuzzVocabText(f *testing.F) {
	seeds(f, vocabTextFile)
	f.Add([]byte("[UNK]\n[CLS]\n[SEP]\n\n\xff\u00a0\n##x"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) { fuzzFolder(t, dir, map[string]string{vocabTextFile: string(b)}) })
}

func FuzzVocabMerges(f *testing.F) {
	vocab, err := os.ReadFile(filepath.Join("testdata", "roberta-vocab", vocabFile))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(vocab, []byte("#version: 0.2\na b\n"))
	f.Add([]byte(`{"a":0,"b":1,"ab":2,"abab":3}`), []byte("a b\nab ab"))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, vocab, merges []byte) {
		fuzzFolder(t, dir, map[string]string{vocabFile: string(vocab), mergesFile: string(merges)})
	})
}

func FuzzConfig(f *testing.F) {
	seeds(f, configFile)
	seeds(f, specialMapFile)
	f.Add([]byte(`{"added_tokens_decoder":{"5":{"content":"x","special":true}},"mask_token":{"content":"m"},"cls_token":null}`))
	vocab, err := os.ReadFile(filepath.Join("testdata", "bert-vocab", vocabTextFile))
	if err != nil {
		f.Fatal(err)
	}
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzFolder(t, dir, map[string]string{vocabTextFile: string(vocab), configFile: string(b), specialMapFile: string(b)})
	})
}

// FuzzText checks that no text makes a tokenizer panic, that invalid UTF-8 counts as U+FFFD, and that a limit cuts the end only.
func FuzzText(f *testing.F) {
	for _, text := range readTexts(f, "testdata") {
		if len(text) < 300 {
			f.Add(text)
		}
	}
	var toks []*Tokenizer
	for _, dir := range []string{"bert-added", "bert-strip", "roberta-prefix", "bpe-odd"} {
		toks = append(toks, loadFrom(f, filepath.Join("testdata", dir)))
	}
	f.Fuzz(func(t *testing.T, text string) {
		valid := string(appendValid(nil, text))
		if !utf8.ValidString(valid) {
			t.Errorf("%q is not UTF-8", valid)
		}
		for _, tok := range toks {
			var whole, cut, again Encoding
			if tok.Append(&whole, text, 0) != nil || tok.Append(&again, valid, 0) != nil || tok.Append(&cut, text, 9) != nil {
				t.Fatal("an error")
			}
			if fmt.Sprint(whole.IDs) != fmt.Sprint(again.IDs) {
				t.Errorf("%q: %v, as valid UTF-8 %v", text, whole.IDs, again.IDs)
			}
			if len(cut.IDs) != min(9, len(whole.IDs)) {
				t.Errorf("%q: %d of %d tokens with a limit of 9", text, len(cut.IDs), len(whole.IDs))
			}
			inner := tok.single.added // around the text, before or after it
			for i := 0; i < len(cut.IDs)-inner; i++ {
				if cut.IDs[i] != whole.IDs[i] {
					t.Errorf("%q: cut %v, whole %v", text, cut.IDs, whole.IDs)
					break
				}
			}
		}
	})
}
