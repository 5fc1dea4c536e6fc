// Package finetunetest makes what tests of the built-in trainer fine-tune.
package finetunetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

// Sizes of the small BERT.
const (
	width, inner, layers, positions = 16, 32, 3, 24
)

// Words is the vocabulary of the small BERT, special tokens first.
var Words = strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] red green blue warm cold big small old new fast slow a the is was")

// BERT writes the folder of a small BERT of three layers with random weights, and its tokenizer; it is removed with the test.
func BERT(t testing.TB) string {
	t.Helper()
	w := newWeights()
	norm := func(name string) {
		w.add(name+".weight", 1, 0.1, width)
		w.add(name+".bias", 0, 0.1, width)
	}
	dense := func(name string, in, out int) {
		w.add(name+".weight", 0, 1/math.Sqrt(float64(in)), out, in)
		w.add(name+".bias", 0, 0.1, out)
	}
	w.add("embeddings.word_embeddings.weight", 0, 1, len(Words), width)
	w.add("embeddings.position_embeddings.weight", 0, 0.3, positions, width)
	w.add("embeddings.token_type_embeddings.weight", 0, 0.3, 2, width)
	norm("embeddings.LayerNorm")
	for i := range layers {
		at := fmt.Sprintf("encoder.layer.%d.", i)
		for _, part := range []string{"query", "key", "value"} {
			dense(at+"attention.self."+part, width, width)
		}
		dense(at+"attention.output.dense", width, width)
		norm(at + "attention.output.LayerNorm")
		dense(at+"intermediate.dense", width, inner)
		dense(at+"output.dense", inner, width)
		norm(at + "output.LayerNorm")
	}
	return w.folder(t, map[string]string{
		"config.json": fmt.Sprintf(`{"model_type": "bert", "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": %d, "num_attention_heads": 2,
			"intermediate_size": %d, "max_position_embeddings": %d, "type_vocab_size": 2, "hidden_act": "gelu", "pooling": "mean"}`,
			len(Words), width, layers, inner, positions),
		"vocab.txt": strings.Join(Words, "\n") + "\n",
	})
}

// Sentences are texts of lengths that differ, with the colour that each names.
func Sentences(rows int) (texts, colours []string) {
	source, names := rand.New(rand.NewPCG(3, 4)), []string{"red", "green", "blue"}
	for row := range rows {
		words := []string{names[row%len(names)]}
		for range source.IntN(12) {
			words = append(words, Words[8+source.IntN(len(Words)-8)])
		}
		source.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		texts, colours = append(texts, strings.Join(words, " ")), append(colours, names[row%len(names)])
	}
	return texts, colours
}
