package tokenizer

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// folder writes files into a folder of their own.
func folder(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	fill(t, dir, files)
	return dir
}

func fill(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// change returns a tokenizer.json of testdata with the value at a path of keys replaced.
func change(t testing.TB, name string, value string, path ...string) map[string]string {
	t.Helper()
	var all map[string]any
	readJSON(t, filepath.Join("testdata", name, tokenizerFile), &all)
	at := all
	for _, key := range path[:len(path)-1] {
		at = at[key].(map[string]any)
	}
	last := path[len(path)-1]
	if value == "" {
		delete(at, last)
	} else {
		at[last] = json.RawMessage(value)
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{tokenizerFile: string(b)}
}

func TestErrorsNameFileAndFault(t *testing.T) {
	bpe := map[string]string{vocabFile: `{"a":0,"b":1,"ab":2}`, mergesFile: "#version: 0.2\na b\n"}
	with := func(m map[string]string, name, text string) map[string]string {
		m = maps.Clone(m)
		m[name] = text
		return m
	}
	bert := "[UNK]\n[CLS]\n[SEP]\na\n"
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"nothing":              {nil, []string{"holds no tokenizer.json"}},
		"empty":                {map[string]string{tokenizerFile: ""}, []string{tokenizerFile, "line 1 column 1"}},
		"not json":             {map[string]string{tokenizerFile: "{\n  \"model\": x"}, []string{tokenizerFile, "line 2 column 12", "invalid character 'x'"}},
		"cut off":              {map[string]string{tokenizerFile: `{"model": {"vocab": {"a": 1`}, []string{tokenizerFile, "unexpected end"}},
		"a list":               {map[string]string{tokenizerFile: `[]`}, []string{tokenizerFile, "is not a JSON object"}},
		"no model":             {change(t, "bert", "", "model"), []string{tokenizerFile, "model: is missing"}},
		"unigram":              {change(t, "bert", `{"type":"Unigram","vocab":[["a",-1.5]]}`, "model"), []string{"model", `"Unigram" is not supported`, "WordPiece, BPE"}},
		"no vocab":             {change(t, "bert", "", "model", "vocab"), []string{"model: vocab: is not an object"}},
		"empty vocab":          {change(t, "bert", "{}", "model", "vocab"), []string{"model: vocab: holds no tokens"}},
		"vocab is a list":      {change(t, "bert", "[1]", "model", "vocab"), []string{"model: vocab: is not an object"}},
		"negative id":          {change(t, "bert", `{"[UNK]":-1}`, "model", "vocab"), []string{`token "[UNK]"`, "outside 0..2147483646"}},
		"huge id":              {change(t, "bert", `{"[UNK]":4294967296}`, "model", "vocab"), []string{`token "[UNK]"`, "outside 0.."}},
		"id of 19 digits":      {change(t, "bert", `{"[UNK]":9223372036854775808}`, "model", "vocab"), []string{`the id of token "[UNK]" is not a whole number`}},
		"id with a point":      {change(t, "bert", `{"[UNK]":1.5}`, "model", "vocab"), []string{`the id of token "[UNK]" is not a whole number`}},
		"id with an exponent":  {change(t, "bert", `{"[UNK]":1e5}`, "model", "vocab"), []string{`the id of token "[UNK]" is not a whole number`}},
		"id is a text":         {change(t, "bert", `{"[UNK]":"1"}`, "model", "vocab"), []string{`the id of token "[UNK]"`}},
		"id is an object":      {change(t, "bert", `{"[UNK]":{"a":1}}`, "model", "vocab"), []string{`the id of token "[UNK]"`}},
		"no unknown token":     {change(t, "bert", `"[NONE]"`, "model", "unk_token"), []string{`unk_token: "[NONE]" is not in the vocabulary`}},
		"long words":           {change(t, "bert", `1e300`, "model", "max_input_chars_per_word"), []string{"max_input_chars_per_word", "0..10000"}},
		"part of a character":  {change(t, "bert", `1.5`, "model", "max_input_chars_per_word"), []string{"max_input_chars_per_word"}},
		"normalizer":           {change(t, "bert", `{"type":"NFC"}`, "normalizer"), []string{`normalizer: type "NFC" is not supported`, "BertNormalizer"}},
		"normalizer is a list": {change(t, "bert", `[]`, "normalizer"), []string{"normalizer: cannot be a JSON array"}},
		"half a normalizer":    {change(t, "bert", `{"type":"BertNormalizer"}`, "normalizer"), []string{"normalizer: needs clean_text"}},
		"pre-tokenizer":        {change(t, "bert", `{"type":"Metaspace"}`, "pre_tokenizer"), []string{`pre_tokenizer: type "Metaspace" is not supported`}},
		"no pre-tokenizer":     {change(t, "bert", `null`, "pre_tokenizer"), []string{"pre_tokenizer: is missing"}},
		"mixed":                {change(t, "bert", `{"type":"ByteLevel","add_prefix_space":true}`, "pre_tokenizer"), []string{"do not go together"}},
		"post-processor":       {change(t, "bert", `{"type":"X"}`, "post_processor"), []string{`post_processor: type "X" is not supported`}},
		"unknown special":      {change(t, "bert", `{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"[X]","type_id":0}}],"pair":[],"special_tokens":{}}`, "post_processor"), []string{`post_processor: single[0]: "[X]" is not one of the special_tokens`}},
		"no text":              {change(t, "bert", `{"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{}}`, "post_processor"), []string{"post_processor.single: text A stands in it 0 times"}},
		"two texts": {change(t, "bert", `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":0}}],"pair":[{"Sequence":{"id":"A","type_id":0}},{"Sequence":{"id":"A","type_id":0}}],"special_tokens":{}}`, "post_processor"),
			[]string{"post_processor.pair: text A stands in it 2 times"}},
		"type id":             {change(t, "bert", `{"type":"TemplateProcessing","single":[{"Sequence":{"id":"A","type_id":-1}}],"pair":[],"special_tokens":{}}`, "post_processor"), []string{"single[0]: type_id -1"}},
		"special id":          {change(t, "bert", `{"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{"x":{"ids":[2147483648]}}}`, "post_processor"), []string{`special_tokens["x"]: id 2147483648`}},
		"many specials":       {change(t, "bert", manySpecials(1000), "post_processor"), []string{"post_processor.single: more than 64 special tokens"}},
		"pair of bad":         {change(t, "roberta", `{"type":"RobertaProcessing","sep":["</s>"],"cls":["<s>",0]}`, "post_processor"), []string{"post_processor", "is not a pair"}},
		"nested":              {change(t, "bert", `{"type":"Sequence","processors":[{"type":"Sequence","processors":[]}]}`, "post_processor"), []string{"processors[0]: a Sequence in a Sequence"}},
		"twice":               {change(t, "roberta", `{"type":"Sequence","processors":[{"type":"BertProcessing","sep":["a",1],"cls":["b",2]},{"type":"BertProcessing","sep":["a",1],"cls":["b",2]}]}`, "post_processor"), []string{"processors[1]: a second one"}},
		"left":                {change(t, "bert", `{"direction":"Left","max_length":5,"strategy":"LongestFirst","stride":0}`, "truncation"), []string{"truncation: direction: Left is not supported"}},
		"nothing left":        {change(t, "bert", `[{"id":5,"content":"\u0301","normalized":true}]`, "added_tokens"), []string{"added_tokens: nothing is left of"}},
		"dropout":             {change(t, "roberta", `0.1`, "model", "dropout"), []string{"model: dropout: 0.1"}},
		"prefix":              {change(t, "roberta", `"##"`, "model", "continuing_subword_prefix"), []string{"continuing_subword_prefix"}},
		"suffix":              {change(t, "roberta", `"</w>"`, "model", "end_of_word_suffix"), []string{"end_of_word_suffix"}},
		"byte fallback":       {change(t, "bpe-odd", `true`, "model", "byte_fallback"), []string{"byte_fallback"}},
		"no merges":           {change(t, "roberta", ``, "model", "merges"), []string{"model: merges: is not a list"}},
		"merge of one":        {change(t, "roberta", `["ab"]`, "model", "merges"), []string{`model: merges: [0]: "ab" is not two tokens`}},
		"merge of three":      {change(t, "roberta", `["a b","a b c"]`, "model", "merges"), []string{`merges: [1]: "a b c" is not two tokens`}},
		"merge of a number":   {change(t, "roberta", `[["a",1]]`, "model", "merges"), []string{`merges: [0]: is not a pair`}},
		"merge of nothing":    {change(t, "roberta", `[["a","nosuch"]]`, "model", "merges"), []string{`merges: [0]: "nosuch" is not in the vocabulary`}},
		"merge to nothing":    {change(t, "roberta", `["z z"]`, "model", "merges"), []string{`merges: [0]: "zz" is not in the vocabulary`}},
		"text without unk":    {map[string]string{vocabTextFile: "a\nb\n"}, []string{vocabTextFile, `"[UNK]" is not in the vocabulary`}},
		"text without cls":    {map[string]string{vocabTextFile: "[UNK]\nb\n"}, []string{vocabTextFile, `"[CLS]" is not in the vocabulary`}},
		"text is not UTF-8":   {map[string]string{vocabTextFile: "[UNK]\n\xff\n"}, []string{vocabTextFile, "line 2: is not UTF-8"}},
		"basic":               {map[string]string{vocabTextFile: bert, configFile: `{"do_basic_tokenize":false}`}, []string{configFile, "do_basic_tokenize"}},
		"config":              {map[string]string{vocabTextFile: bert, configFile: `{"do_lower_case":"yes"}`}, []string{configFile, "do_lower_case: cannot be a JSON string"}},
		"config role":         {map[string]string{vocabTextFile: bert, configFile: `{"cls_token":7}`}, []string{configFile, "cls_token: cannot be a JSON number"}},
		"config is not json":  {map[string]string{vocabTextFile: bert, specialMapFile: `{`}, []string{specialMapFile, "unexpected end"}},
		"side":                {map[string]string{vocabTextFile: bert, configFile: `{"truncation_side":"left"}`}, []string{configFile, "truncation_side"}},
		"decoder":             {map[string]string{vocabTextFile: bert, configFile: `{"added_tokens_decoder":{"x":{"content":"y"}}}`}, []string{"added_tokens_decoder", `"x" is not an id`}},
		"no merges.txt":       {map[string]string{vocabFile: bpe[vocabFile]}, []string{mergesFile}},
		"merges.txt":          {with(bpe, mergesFile, "#version\na b\na b c\n"), []string{mergesFile, `line 3: "a b c" is not two tokens`}},
		"merges.txt of none":  {with(bpe, mergesFile, "a b\nb b\n"), []string{mergesFile, `line 2: "bb" is not in the vocabulary`}},
		"vocab.json":          {with(bpe, vocabFile, `{"a":true}`), []string{vocabFile, `the id of token "a"`}},
		"vocab.json is list":  {with(bpe, vocabFile, `[]`), []string{vocabFile, "is not an object"}},
		"vocab.json not UTF8": {with(bpe, vocabFile, "{\"a\xff\":1}"), []string{vocabFile, "is not UTF-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := folder(t, c.files)
			_, err := Load(dir)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), dir) {
				t.Errorf("%v: does not name the file", err)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v: does not say %q", err, want)
				}
			}
		})
	}
	if _, err := Load(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a folder that is not there was read")
	}
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, tokenizerFile), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "is not a file") {
		t.Errorf("a folder as a file: %v", err)
	}
}

// manySpecials is a template that names one special token of n ids n times.
func manySpecials(n int) string {
	ids, names := strings.Repeat("1,", n-1)+"1", strings.Repeat(`{"SpecialToken":{"id":"x","type_id":0}},`, n)
	return fmt.Sprintf(`{"type":"TemplateProcessing","single":[%s{"Sequence":{"id":"A","type_id":0}}],"pair":[],"special_tokens":{"x":{"ids":[%s]}}}`, names, ids)
}

// Older files: merges as texts, no type, escapes, white space; and a token that comes twice has its later id.
func TestOtherSpellings(t *testing.T) {
	dir := folder(t, map[string]string{tokenizerFile: `{
	"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
	"model": {"merges": ["\u0061 b" , [ "ab", "c" ]], "vocab": {"a" : 9, "\u0062":1, "c":2,
		"ab":3, "a\u0062c": 4, "\"": 5, "a":0 }}}`})
	tok := loadFrom(t, dir)
	var e Encoding
	if err := tok.Append(&e, `abc"ba`, 0); err != nil {
		t.Fatal(err)
	}
	if want := []int32{4, 5, 1, 0}; fmt.Sprint(e.IDs) != fmt.Sprint(want) {
		t.Errorf("%v, expected %v", e.IDs, want)
	}
}
