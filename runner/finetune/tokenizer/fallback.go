package tokenizer

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"unicode"
	"unicode/utf8"
)

// readVocabText reads vocab.txt, one token a line, as BERT uses it.
func readVocabText(dir string, c *config) (*parts, error) {
	path := filepath.Join(dir, vocabTextFile)
	b, err := readSome(path)
	if err != nil {
		return nil, err
	}
	v, id := newVocab(bytes.Count(b, []byte("\n"))+1, len(b)), int64(0)
	for line := range bytes.Lines(b) {
		if !utf8.Valid(line) {
			return nil, fmt.Errorf("%s: line %d: is not UTF-8", path, id+1)
		}
		if err := v.add(bytes.TrimRightFunc(line, unicode.IsSpace), id); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, id+1, err)
		}
		id++
	}
	p := &parts{file: path}
	if err := c.bert(p, v); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// bert sets up a WordPiece tokenizer as BERT has it.
func (c *config) bert(p *parts, v *vocab) (err error) {
	if !orElse(c.BasicTokenize, true) {
		return fmt.Errorf("%s: do_basic_tokenize: false is not supported", configFile)
	}
	if p.wordPiece, err = newWordPiece(v, "##", c.token("unk_token", "[UNK]"), 100); err != nil {
		return err
	}
	lower := orElse(c.DoLowerCase, true)
	p.normalizer = &bertNormalizer{clean: true, cjk: orElse(c.ChineseChars, true), accents: orElse(c.StripAccents, lower), lower: lower}
	var ids [2]int32
	for i, name := range []string{c.token("cls_token", "[CLS]"), c.token("sep_token", "[SEP]")} {
		var known bool
		if ids[i], known = v.id([]byte(name)); !known {
			return fmt.Errorf("the special token %q is not in the vocabulary", name)
		}
	}
	p.single, p.pair = around(ids[0], ids[1], false)
	p.added, err = c.added(v, map[string]addedJSON{"unk_token": {Content: "[UNK]"}, "sep_token": {Content: "[SEP]"},
		"pad_token": {Content: "[PAD]"}, "cls_token": {Content: "[CLS]"}, "mask_token": {Content: "[MASK]"}})
	return err
}

// readVocabMerges reads vocab.json and merges.txt, as GPT-2 and RoBERTa use them.
func readVocabMerges(dir string, c *config) (*parts, error) {
	path := filepath.Join(dir, vocabFile)
	b, err := readSome(path)
	if err != nil {
		return nil, err
	}
	if err := valid(path, b); err != nil {
		return nil, err
	}
	v, err := vocabFromJSON(b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	merges, err := readMerges(filepath.Join(dir, mergesFile), v)
	if err != nil {
		return nil, err
	}
	p := &parts{file: path, levels: &byteLevel{prefixSpace: c.AddPrefixSpace, split: true}}
	if p.bpe, err = newBPE(v, merges, nil); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := c.byteLevel(p, v); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// byteLevel sets up what stands around the text: <s> and </s> where the vocabulary has them, as RoBERTa, nothing otherwise, as
// GPT-2.
func (c *config) byteLevel(p *parts, v *vocab) (err error) {
	cls, hasCls := v.id([]byte(c.token("cls_token", "<s>")))
	sep, hasSep := v.id([]byte(c.token("sep_token", "</s>")))
	if strings.HasPrefix(c.Class, "GPT2") || !hasCls || !hasSep {
		p.single, p.pair = bare()
		end := addedJSON{Content: "<|endoftext|>"}
		p.added, err = c.added(v, map[string]addedJSON{"bos_token": end, "eos_token": end, "unk_token": end})
		return err
	}
	p.single, p.pair = around(cls, sep, true)
	p.added, err = c.added(v, map[string]addedJSON{"bos_token": {Content: "<s>"}, "eos_token": {Content: "</s>"}, "unk_token": {Content: "<unk>"},
		"sep_token": {Content: "</s>"}, "pad_token": {Content: "<pad>"}, "cls_token": {Content: "<s>"}, "mask_token": {Content: "<mask>", LStrip: true}})
	return err
}

// readMerges reads merges.txt, one merge a line, "left right", the earliest first.
func readMerges(path string, v *vocab) (*merges, error) {
	b, err := readSome(path)
	if err != nil {
		return nil, err
	}
	b = bytes.TrimRight(b, "\r\n")
	m, number := newMerges(bytes.Count(b, []byte("\n"))+1), 0
	for line := range bytes.Lines(b) {
		number++
		text := bytes.TrimRight(line, "\r\n")
		if bytes.HasPrefix(text, []byte("#version")) {
			continue
		}
		left, right, err := cutMerge(text)
		if err == nil {
			err = m.join(v, left, right)
		}
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", path, number, err)
		}
	}
	return m, nil
}
