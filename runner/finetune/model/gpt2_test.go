package model

import (
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"automl/runner/finetune/safetensors"
)

// A network is written as its folder holds it: names, shapes and values.
func TestGPT2IsWrittenAsItWasRead(t *testing.T) {
	n, _, _, _ := small(t, "gpt2")
	f, err := safetensors.Read(filepath.Join("testdata", "gpt2", weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	written := n.Tensors()
	if len(written) != len(f.Tensors) {
		t.Errorf("%d tensors, the file has %d", len(written), len(f.Tensors))
	}
	for _, w := range written {
		if was := f.Find(w.Name); was == nil || !reflect.DeepEqual(was.Shape, w.Shape) || !reflect.DeepEqual(was.Data, w.Data) {
			t.Errorf("%s %v is not what the file holds", w.Name, w.Shape)
		}
	}
	if n.Architecture() != "GPT2ForSequenceClassification" || n.Type() != "gpt2" || n.MaxTokens() != 12 || n.Classes() != 3 {
		t.Errorf("a %s of %d classes for texts of %d tokens", n.Architecture(), n.Classes(), n.MaxTokens())
	}
	if _, bias := n.Head(); bias != nil {
		t.Error("the head has a bias")
	}
}

// What files of other makers have: no base in the names, causal masks, another
// head, no classifier.
func TestGPT2FileVariants(t *testing.T) {
	n, x, _, _ := small(t, "gpt2")
	dir := textFolder(t, "gpt2", nil, func(ts map[string]safetensors.Tensor) {
		for name, v := range maps.Clone(ts) {
			delete(ts, name)
			if bare, ok := strings.CutPrefix(name, gpt2Base); ok {
				ts[bare] = v
			}
		}
		ts["h.0.attn.bias"] = safetensors.Tensor{Shape: []int{1, 1, 2, 2}, Ints: []int64{1, 0, 1, 1}}
		ts["h.1.attn.masked_bias"] = safetensors.Tensor{Shape: []int{1}, Data: []float32{-1e4}}
		ts["lm_head.weight"] = safetensors.Tensor{Shape: []int{1}, Data: []float32{1}}
	})
	bare, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(run(t, n, 3, x), run(t, bare, 3, x)) {
		t.Error("the activations differ")
	}
	if bare.Classes() != 3 || norm(bare.Param(gpt2Score).Data) == 0 {
		t.Errorf("a fresh head of %d classes", bare.Classes())
	}
}

// languageModel loads the small one, and what PyTorch has recorded of it.
func languageModel(t testing.TB) (*Net, Text, *safetensors.File) {
	t.Helper()
	dir := filepath.Join("testdata", "gpt2lm")
	n, err := LoadLanguageModel(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(filepath.Join(dir, "reference.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return n, packed(t, f), f
}

// nextLogits is the head of a language model, on what enters it: its last norm, and
// the products with the words.
func nextLogits(n *Net, x []float32) []float32 {
	const width, eps = 16, 1e-5
	gamma, beta, words := n.Param(gpt2Last+".weight").Data, n.Param(gpt2Last+".bias").Data, n.Param(gpt2Word).Data
	var out []float32
	for row := range slices.Chunk(x, width) {
		mean, variance := 0.0, 0.0
		for _, v := range row {
			mean += float64(v) / width
		}
		for _, v := range row {
			variance += (float64(v) - mean) * (float64(v) - mean) / width
		}
		for word := range slices.Chunk(words, width) {
			sum := 0.0
			for i, v := range row {
				sum += ((float64(v)-mean)/math.Sqrt(variance+eps)*float64(gamma[i]) + float64(beta[i])) * float64(word[i])
			}
			out = append(out, float32(sum))
		}
	}
	return out
}

func TestLanguageModelMatchesReference(t *testing.T) {
	n, x, f := languageModel(t)
	for k := 1; k < 3; k++ {
		if d := maxDiff(run(t, n, k, x), f.Find(fmt.Sprintf("hidden.%d", k-1)).Data); !(d < 1e-5) {
			t.Errorf("what enters block %d differs by %.2g", k, d)
		}
	}
	if d := maxDiff(nextLogits(n, run(t, n, 3, x)), f.Find("logits").Data); !(d < 1e-4) {
		t.Errorf("logits differ by %.2g", d)
	}
	tr, err := n.NewTrainer(TrainOptions{Batch: 6, Trained: everything(n)})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	want := float64(f.Find("loss").Data[0])
	loss, scores, err := tr.StepText(x, Target{Classes: x.IDs}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !(math.Abs(loss-want) < 1e-5) {
		t.Errorf("loss %v, want %v", loss, want)
	}
	compareGrads(t, tr, f)
	sum, predictions := 0.0, 0
	for i, length := range x.Lengths {
		sum, predictions = sum+float64(scores[2*i]), predictions+int(length)-1
	}
	if len(scores) != 2*len(x.Lengths) || !(math.Abs(sum/float64(predictions)-want) < 1e-5) {
		t.Errorf("scores %v of %d predictions, mean %v", scores, predictions, sum/float64(predictions))
	}
	if got := run(t, n, -1, x); !slices.Equal(got, scores) {
		t.Errorf("in evaluation the scores are %v, in training %v", got, scores)
	}
}

// Training and evaluating on cached activations is the same, to the bit; and
// frozen blocks change no gradient of others.
func TestLanguageModelOnCachedTokens(t *testing.T) {
	n, x, _ := languageModel(t)
	for k := 1; k <= 3; k++ {
		o := TrainOptions{Batch: 4, Trained: append(make([]bool, k), everything(n)[k:]...), Dropout: 0.1, HiddenDropout: 0.2, AttentionDropout: 0.3, Seed: 5}
		whole, err := n.NewTrainer(o)
		if err != nil {
			t.Fatal(err)
		}
		o.From = k
		part, err := n.NewTrainer(o)
		if err != nil {
			t.Fatal(err)
		}
		cached := run(t, n, k, x)
		want, wantScores, err := whole.StepText(x, Target{Classes: x.IDs}, 3)
		if err != nil {
			t.Fatal(err)
		}
		got, scores, err := part.StepTokens(cached, x.Lengths, Target{Classes: x.IDs}, 3)
		if err != nil {
			t.Fatal(err)
		}
		if got != want || !slices.Equal(scores, wantScores) {
			t.Errorf("above block %d: loss %v, without cache %v", k, got, want)
		}
		for i, g := range part.Grads() {
			if w := whole.Grads()[i]; g.Param != w.Param || !slices.Equal(g.Data, w.Data) {
				t.Errorf("above block %d: gradient of %s differs", k, g.Param.Name)
			}
		}
		e, err := n.NewEvaluator(EvalOptions{Batch: 4, From: k})
		if err != nil {
			t.Fatal(err)
		}
		out, err := e.Tokens(cached, x.Lengths, x.IDs)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(out, run(t, n, -1, x)) {
			t.Errorf("above block %d: evaluation differs", k)
		}
	}
}

func TestLanguageModelIsWrittenWithItsBase(t *testing.T) {
	n, _, _ := languageModel(t)
	f, err := safetensors.Read(filepath.Join("testdata", "gpt2lm", weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range n.Tensors() {
		if was := f.Find(strings.TrimPrefix(w.Name, gpt2Base)); was == nil || !slices.Equal(was.Data, w.Data) {
			t.Errorf("%s %v is not what the file holds", w.Name, w.Shape)
		}
	}
	if n.Architecture() != "GPT2LMHeadModel" || n.Classes() != 0 {
		t.Errorf("a %s of %d classes", n.Architecture(), n.Classes())
	}
	untied := textFolder(t, "gpt2lm", func(c map[string]any) { c["tie_word_embeddings"] = false }, func(ts map[string]safetensors.Tensor) {
		ts[gpt2Next] = ts["wte.weight"]
	})
	other, err := LoadLanguageModel(untied)
	if err != nil {
		t.Fatal(err)
	}
	_, x, _ := languageModel(t)
	if got := run(t, other, -1, x); !slices.Equal(got, run(t, n, -1, x)) || other.Param(gpt2Next) == nil {
		t.Errorf("the same words, not tied, give other scores: %v", got)
	}
	if _, err := LoadLanguageModel(filepath.Join("testdata", "bert")); err == nil || !strings.Contains(err.Error(), `"bert" does not predict next tokens`) {
		t.Errorf("BERT: %v", err)
	}
	if _, err := LoadLanguageModel(textFolder(t, "gpt2lm", func(c map[string]any) { c["tie_word_embeddings"] = false }, nil)); err == nil ||
		!strings.Contains(err.Error(), `"lm_head.weight" is missing, expected shape [40 16]`) {
		t.Errorf("no head: %v", err)
	}
}

func TestGPT2Errors(t *testing.T) {
	type tensors = map[string]safetensors.Tensor
	set := func(key string, value any) func(map[string]any) { return func(c map[string]any) { c[key] = value } }
	for want, change := range map[string]func(map[string]any){
		`activation_function "relu"`:                 set("activation_function", "relu"),
		"scale_attn_weights false":                   set("scale_attn_weights", false),
		"scale_attn_by_inverse_layer_idx true":       set("scale_attn_by_inverse_layer_idx", true),
		"add_cross_attention true":                   set("add_cross_attention", true),
		"n_layer 0":                                  set("n_layer", 0),
		"n_embd 16 with n_head 3":                    set("n_head", 3),
		"vocab_size -1":                              set("vocab_size", -1),
		"n_positions 0":                              set("n_positions", 0),
		"layer_norm_epsilon 2":                       set("layer_norm_epsilon", 2),
		"initializer_range 7":                        set("initializer_range", 7),
		"expected shape [16 32], found [16 24]":      set("n_inner", 32),
		"n_inner 0":                                  set("n_inner", 0),
		"cannot unmarshal":                           set("n_embd", "wide"),
		`"transformer.h.2.ln_1.weight" is missing`:   set("n_layer", 3),
		`h.1.attn.c_attn.bias" is unknown to gpt2 n`: set("n_layer", 1),
	} {
		_, err := Load(textFolder(t, "gpt2", change, nil))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ".json") && !strings.Contains(err.Error(), weightsFile) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for want, change := range map[string]func(tensors){
		`"transformer.h.1.mlp.c_proj.bias" is missing, expected shape [16]`: func(x tensors) { delete(x, "transformer.h.1.mlp.c_proj.bias") },
		`"transformer.h.0.attn.c_attn.weight": expected shape [16 48], found [48 16]`: func(x tensors) {
			w := x["transformer.h.0.attn.c_attn.weight"]
			w.Shape = []int{48, 16}
			x["transformer.h.0.attn.c_attn.weight"] = w
		},
		`"transformer.h.0.attn.rotary" is unknown to gpt2 networks`: func(x tensors) {
			x["transformer.h.0.attn.rotary"] = safetensors.Tensor{Shape: []int{1}, Data: []float32{1}}
		},
	} {
		_, err := Load(textFolder(t, "gpt2", nil, change))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), weightsFile) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
