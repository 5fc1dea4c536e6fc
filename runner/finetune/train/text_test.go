package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/safetensors"
	"automl/runner/finetune/tokenizer"
	"automl/trial"
)

// Sizes of the small BERT.
const (
	tinyWidth, tinyInner, tinyLayers, tinyPositions = 16, 32, 3, 24
)

var tinyWords = strings.Fields("[PAD] [UNK] [CLS] [SEP] [MASK] red green blue warm cold big small old new fast slow a the is was")

// tinyBERT writes the folder of a small BERT with random weights, and its tokenizer.
func tinyBERT(t *testing.T) string {
	t.Helper()
	dir, source := t.TempDir(), rand.New(rand.NewPCG(1, 2))
	var tensors []safetensors.Tensor
	add := func(name string, mean, sd float64, shape ...int) {
		n := 1
		for _, s := range shape {
			n *= s
		}
		x := safetensors.Tensor{Name: name, Shape: shape, Data: make([]float32, n)}
		for i := range x.Data {
			x.Data[i] = float32(mean + sd*source.NormFloat64())
		}
		tensors = append(tensors, x)
	}
	norm := func(name string) {
		add(name+".weight", 1, 0.1, tinyWidth)
		add(name+".bias", 0, 0.1, tinyWidth)
	}
	dense := func(name string, in, out int) {
		add(name+".weight", 0, 1/math.Sqrt(float64(in)), out, in)
		add(name+".bias", 0, 0.1, out)
	}
	add("embeddings.word_embeddings.weight", 0, 1, len(tinyWords), tinyWidth)
	add("embeddings.position_embeddings.weight", 0, 0.3, tinyPositions, tinyWidth)
	add("embeddings.token_type_embeddings.weight", 0, 0.3, 2, tinyWidth)
	norm("embeddings.LayerNorm")
	for i := range tinyLayers {
		at := fmt.Sprintf("encoder.layer.%d.", i)
		for _, part := range []string{"query", "key", "value"} {
			dense(at+"attention.self."+part, tinyWidth, tinyWidth)
		}
		dense(at+"attention.output.dense", tinyWidth, tinyWidth)
		norm(at + "attention.output.LayerNorm")
		dense(at+"intermediate.dense", tinyWidth, tinyInner)
		dense(at+"output.dense", tinyInner, tinyWidth)
		norm(at + "output.LayerNorm")
	}
	if err := safetensors.Write(filepath.Join(dir, "model.safetensors"), tensors, nil); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"config.json": fmt.Sprintf(`{"model_type": "bert", "vocab_size": %d, "hidden_size": %d, "num_hidden_layers": %d, "num_attention_heads": 2,
			"intermediate_size": %d, "max_position_embeddings": %d, "type_vocab_size": 2, "hidden_act": "gelu", "pooling": "mean"}`,
			len(tinyWords), tinyWidth, tinyLayers, tinyInner, tinyPositions),
		"vocab.txt": strings.Join(tinyWords, "\n") + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// sentences is a job on made-up sentences: their class is the colour they name, every one in a text of its own length.
func sentences(t *testing.T, rows int, params ...trial.Param) Job {
	t.Helper()
	options, err := ParseOptions(trial.TextTask, params)
	if err != nil {
		t.Fatal(err)
	}
	dir := tinyBERT(t)
	net, err := model.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	cut, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	table, source := &data.Table{Kind: trial.Classification, Classes: []string{"red", "green", "blue"}, Lines: make([]int, rows)}, rand.New(rand.NewPCG(3, 4))
	for row := range rows {
		class := row % 3
		words := []string{table.Classes[class]}
		for range source.IntN(12) {
			words = append(words, tinyWords[8+source.IntN(12)])
		}
		source.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
		table.Texts, table.Y = append(table.Texts, strings.Join(words, " ")), append(table.Y, int32(class))
	}
	tokens, err := table.Tokens(cut, options.MaxTokens)
	if err != nil {
		t.Fatal(err)
	}
	if err := net.SetMaxTokens(tokens.Longest()); err != nil {
		t.Fatal(err)
	}
	net.ReplaceHead(len(table.Classes), 1)
	job := Job{Net: net, Inputs: tokens, Target: TargetOf(table, nil), Options: options, Epochs: 4, Seed: 1,
		Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize}}
	for i := range rows {
		if i%4 == 3 {
			job.Valid = append(job.Valid, i)
		} else {
			job.Train = append(job.Train, i)
		}
	}
	return job
}

func TestLearnsTexts(t *testing.T) {
	job := sentences(t, 120, p("lr", 1e-2), p("batch_size", int64(8)))
	job.Epochs = 8
	curve := epochs(t, start(t, job), job.Epochs)
	if a := value(t, curve[job.Epochs-1], "val_accuracy"); a < 0.9 {
		t.Errorf("validation accuracy %v after %d epochs on 90 sentences", a, job.Epochs)
	}
}

func TestSameTextsSameBits(t *testing.T) {
	params := []trial.Param{p("lr", 3e-3), p("dropout", 0.2)} // and the dropout within layers
	one, two := sentences(t, 50, params...), sentences(t, 50, params...)
	if a, b := epochs(t, start(t, one), 2), epochs(t, start(t, two), 2); !reflect.DeepEqual(a, b) {
		t.Errorf("the same job gave %v and %v", a, b)
	}
	if names, _ := differing(one.Net, snapshot(two.Net)); len(names) > 0 {
		t.Errorf("tensors %v differ", names)
	}
}

// TestCacheOfTexts trains with frozen layers from cached activations, of tokens between layers and of texts below the head, and
// from the texts themselves.
func TestCacheOfTexts(t *testing.T) {
	for name, params := range map[string][]trial.Param{
		"head alone": {p("freeze.strategy", "head_only")},
		"top layer":  {p("freeze.strategy", "partial"), p("freeze.depth", 0.25)},
		"thawing":    {p("freeze.strategy", "gradual"), p("freeze.unfreeze_every", int64(1))},
	} {
		params = append(params, p("lr", 3e-3), p("batch_size", int64(7)))
		with, without := sentences(t, 40, params...), sentences(t, 40, params...)
		without.CacheBytes = -1
		a, b := epochs(t, start(t, with), 3), epochs(t, start(t, without), 3)
		for e := range a {
			for _, metric := range []string{"train_loss", "val_loss"} {
				if x, y := value(t, a[e], metric), value(t, b[e], metric); math.Abs(x-y) > 1e-5 {
					t.Errorf("%s, epoch %d: %s %v with the cache, %v without", name, e+1, metric, x, y)
				}
			}
		}
	}
}
