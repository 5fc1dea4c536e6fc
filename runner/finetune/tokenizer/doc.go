// Package tokenizer turns text into token ids as the reference implementation does (Python package tokenizers): WordPiece with
// BERT's text clean-up, for BERT, MiniLM, DistilBERT and ELECTRA, and byte-level byte-pair encoding, for RoBERTa and GPT-2.
//
// [Load] reads a Hugging Face folder as it is: tokenizer.json, or without one vocab.txt, or vocab.json with merges.txt, and then
// tokenizer_config.json and special_tokens_map.json for how they are used. [Tokenizer.Append] and [Tokenizer.AppendPair] append
// token sequences to an [Encoding], without padding.
//
// Its duties:
//
//   - The ids are those of the reference for every text: accents in any form, CJK, Hangul, emoji, white space of all kinds, control
//     characters, special tokens inside the text. What the reference takes a code point for is none of Go's versions of Unicode, so
//     that it stands in unicode.txt, found by asking the reference (testdata/tables.py). The golden files (testdata/reference.py)
//     and a digest over every code point hold it to that.
//   - Files are untrusted input. Any bytes give a tokenizer or an error that names the file and what is wrong in it; memory is a
//     small multiple of the file, whatever the file says about itself.
//   - A tokenizer does not change, gives the same ids every time, and serves any number of goroutines. A text costs no allocation
//     once the memory of the first ones is there.
//
// Where the reference leaves a choice open: bytes that are not UTF-8, which it cannot be given, count as U+FFFD, one each. Of two
// added tokens that are the same after normalization it takes either, and this package the one with the lowest id. The settings of
// truncation and padding in tokenizer.json are not used: the caller says how long a sequence may be.
//
// # Libraries
//
// Of the Go libraries looked at none gives the reference's ids. github.com/sugarme/tokenizer v0.3.0 was run on the golden files: of
// 135 texts alone, 43 come out differently with testdata/bert (one makes it panic), 7 with testdata/gpt2 and 11 with
// testdata/roberta: accents, control characters, white space beyond ASCII. github.com/gomlx/go-huggingface v0.3.1 has no WordPiece,
// and bindings to the reference need its library built in Rust, which a program from Go and C does not have.
package tokenizer
