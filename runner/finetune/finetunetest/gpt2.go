package finetunetest

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"
)

// gpt2Positions is the longest text of the small GPT-2: a letter is a token.
const gpt2Positions = 80

// GPT2 writes the folder of a small GPT-2 of three layers with random weights, named as on the Hub, and its tokenizer of letters; it is
// removed with the test.
func GPT2(t testing.TB) string {
	t.Helper()
	vocabulary, merges := letters()
	w := newWeights()
	norm := func(name string) {
		w.add(name+".weight", 1, 0.1, width)
		w.add(name+".bias", 0, 0.1, width)
	}
	dense := func(name string, in, out int) { // stored in x out
		w.add(name+".weight", 0, 1/math.Sqrt(float64(in)), in, out)
		w.add(name+".bias", 0, 0.1, out)
	}
	w.add("wte.weight", 0, 1, len(vocabulary), width)
	w.add("wpe.weight", 0, 0.3, gpt2Positions, width)
	for i := range layers {
		at := fmt.Sprintf("h.%d.", i)
		norm(at + "ln_1")
		dense(at+"attn.c_attn", width, 3*width)
		dense(at+"attn.c_proj", width, width)
		norm(at + "ln_2")
		dense(at+"mlp.c_fc", width, inner)
		dense(at+"mlp.c_proj", inner, width)
	}
	norm("ln_f")
	ids, err := json.Marshal(vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	end := vocabulary["<|endoftext|>"]
	return w.folder(t, map[string]string{
		"config.json": fmt.Sprintf(`{"model_type": "gpt2", "architectures": ["GPT2LMHeadModel"], "vocab_size": %d, "n_embd": %d, "n_layer": %d, "n_head": 2,
			"n_inner": %d, "n_positions": %d, "bos_token_id": %d, "eos_token_id": %d}`, len(vocabulary), width, layers, inner, gpt2Positions, end, end),
		"vocab.json": string(ids),
		"merges.txt": merges,
	})
}

// letters is a byte-level vocabulary of letters and blanks, which stand as \u0120, and two merges.
func letters() (vocabulary map[string]int, merges string) {
	vocabulary = map[string]int{}
	for c := 'a'; c <= 'z'; c++ {
		vocabulary[string(c)] = len(vocabulary)
	}
	for _, more := range []string{"\u0120", "\u0120t", "re", "<|endoftext|>"} {
		vocabulary[more] = len(vocabulary)
	}
	return vocabulary, "#version: 0.2\n\u0120 t\nr e\n"
}
