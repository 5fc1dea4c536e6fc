package tokenizer

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// The files of a Hugging Face folder that are read here.
const (
	tokenizerFile  = "tokenizer.json"
	vocabTextFile  = "vocab.txt"
	vocabFile      = "vocab.json"
	mergesFile     = "merges.txt"
	configFile     = "tokenizer_config.json"
	specialMapFile = "special_tokens_map.json"
)

// maxFile bounds a file; the largest vocabularies in use take some 35 MB.
const maxFile = 128 << 20

// Load reads the tokenizer of the Hugging Face folder dir: tokenizer.json, or without one vocab.txt, or vocab.json with
// merges.txt, these as tokenizer_config.json says. All are untrusted input; errors name the file and what is wrong in it.
func Load(dir string) (*Tokenizer, error) {
	t, err := load(dir)
	if err != nil {
		return nil, fmt.Errorf("tokenizer: %w", err)
	}
	return t, nil
}

func load(dir string) (*Tokenizer, error) {
	c, err := readConfig(dir)
	if err != nil {
		return nil, err
	}
	p, err := readParts(dir, c)
	if err != nil {
		return nil, err
	}
	return p.build(c)
}

// readParts reads whichever files there are.
func readParts(dir string, c *config) (*parts, error) {
	for _, kind := range []struct {
		file string
		read func(dir string, c *config) (*parts, error)
	}{
		{tokenizerFile, func(dir string, _ *config) (*parts, error) { return readTokenizer(filepath.Join(dir, tokenizerFile)) }},
		{vocabTextFile, readVocabText},
		{vocabFile, readVocabMerges},
	} {
		_, err := os.Stat(filepath.Join(dir, kind.file))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		return kind.read(dir, c)
	}
	return nil, fmt.Errorf("%s: holds no %s, no %s and no %s with %s", dir, tokenizerFile, vocabTextFile, vocabFile, mergesFile)
}

// parts is a tokenizer as its files describe it.
type parts struct {
	file         string // to name in errors
	normalizer   *bertNormalizer
	levels       *byteLevel // nil: BertPreTokenizer
	wordPiece    *wordPiece
	bpe          *bpe
	single, pair template
	added        []addedToken // ids not yet given
}

// build puts the parts together.
func (p *parts) build(c *config) (*Tokenizer, error) {
	t := &Tokenizer{tables: unicodeTables(), normalizer: p.normalizer, single: p.single, pair: p.pair, mask: -1, end: -1}
	switch {
	case p.wordPiece != nil && p.levels == nil:
		t.model, t.ids = p.wordPiece, p.wordPiece.vocab
	case p.bpe != nil && p.levels != nil:
		t.model, t.ids, t.levels, t.byteLevel = p.bpe, p.bpe.vocab, *p.levels, true
	default:
		return nil, fmt.Errorf("%s: model and pre_tokenizer do not go together (supported: WordPiece with BertPreTokenizer, BPE with ByteLevel)", p.file)
	}
	if t.normalizer != nil {
		t.normalizer.settle(t.tables)
	}
	for _, s := range []struct {
		name  string
		tmpl  *template
		texts int
	}{{"single", &t.single, 1}, {"pair", &t.pair, 2}} {
		if err := s.tmpl.settle(s.texts); err != nil {
			return nil, fmt.Errorf("%s: post_processor.%s: %w", p.file, s.name, err)
		}
	}
	if err := t.add(p.added); err != nil {
		return nil, fmt.Errorf("%s: added_tokens: %w", p.file, err)
	}
	t.finish(c)
	return t, nil
}

// add gives the added tokens their ids, and makes them found: those of the vocabulary keep theirs, the others follow on it.
func (t *Tokenizer) add(tokens []addedToken) error {
	size := 0
	for _, a := range tokens {
		size += len(a.content)
	}
	t.own = newVocab(len(tokens), size)
	for i := range tokens {
		a, known := &tokens[i], false
		if a.id, known = t.id(a.content); known {
			continue
		}
		a.id = int32(len(t.ids.ids) + len(t.own.ids))
		if err := t.own.add(a.content, int64(a.id)); err != nil {
			return err
		}
	}
	tokens = lastOfEach(tokens)
	raw, normal := tokens[:0], []addedToken(nil) // one takes the place of those that have been read
	for _, a := range tokens {
		if a.special {
			t.special = append(t.special, a.id)
		}
		if !a.normalized {
			raw = append(raw, a)
			continue
		}
		if t.normalizer != nil {
			content := t.normalizer.append(nil, a.content, &scratch{})
			if len(content) == 0 {
				return fmt.Errorf("nothing is left of %q after normalization", a.content)
			}
			a.content = content
		}
		normal = append(normal, a)
	}
	t.raw, t.normal = newMatcher(raw), newMatcher(normal)
	return nil
}

// finish fills in what follows from everything else.
func (t *Tokenizer) finish(c *config) {
	top := max(t.ids.top, t.own.top)
	for _, p := range slices.Concat(t.single.pieces, t.pair.pieces) {
		for _, id := range p.special {
			top = max(top, id)
			t.special = append(t.special, id)
		}
	}
	t.size = int(top) + 1
	slices.Sort(t.special)
	t.special = slices.Compact(t.special)
	t.mask = t.first(c.tokens["mask_token"].Content, "[MASK]", "<mask>")
	t.end = t.first(c.tokens["eos_token"].Content, "<|endoftext|>")
}

// first is the id of the first of the tokens that there is; -1: none.
func (t *Tokenizer) first(names ...string) int32 {
	for _, name := range names {
		if id, ok := t.ID(name); ok && name != "" {
			return id
		}
	}
	return -1
}

// readSome reads a file of at most maxFile bytes.
func readSome(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: is not a file", path)
	}
	if info.Size() > maxFile {
		return nil, fmt.Errorf("%s: %d bytes, at most %d are read", path, info.Size(), maxFile)
	}
	b := make([]byte, info.Size())
	if _, err := io.ReadFull(f, b); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return b, nil
}

// valid checks that a file is JSON. A fault in it is named with its line and column.
func valid(path string, b []byte) error {
	if json.Valid(b) {
		return nil
	}
	var anything json.RawMessage
	err := json.Unmarshal(b, &anything) // says where
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return fmt.Errorf("%s: %s: %w", path, place(b, syntax.Offset), err)
	}
	return fmt.Errorf("%s: %w", path, err)
}

// decode decodes a part of a JSON file that has been parsed.
func decode(raw json.RawMessage, into any) error { return plain(json.Unmarshal(raw, into)) }

// plain says what is wrong with a value without the names of Go's types.
func plain(err error) error {
	var kind *json.UnmarshalTypeError
	switch {
	case errors.As(err, &kind) && kind.Field == "":
		return fmt.Errorf("cannot be a JSON %s", kind.Value)
	case errors.As(err, &kind):
		return fmt.Errorf("%s: cannot be a JSON %s", kind.Field, kind.Value)
	}
	return err
}

// place is the line and column, in bytes, of an offset.
func place(b []byte, offset int64) string {
	before := b[:min(int64(len(b)), max(offset, 0))]
	line := bytes.Count(before, []byte("\n")) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n') - 1
	return fmt.Sprintf("line %d column %d", line, max(column, 1))
}
