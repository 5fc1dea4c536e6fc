package model

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"automl/runner/finetune/safetensors"
)

// textFolder copies one of the small encoders with its config changed, and its
// tensors, which then lie in one file.
func textFolder(t testing.TB, family string, config func(map[string]any), tensors func(map[string]safetensors.Tensor)) string {
	t.Helper()
	from, dir := filepath.Join("testdata", family), t.TempDir()
	text, err := os.ReadFile(filepath.Join(from, configFile))
	if err != nil {
		t.Fatal(err)
	}
	c := map[string]any{}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	if config != nil {
		config(c)
	}
	writeJSON(t, filepath.Join(dir, configFile), c)
	w, err := readWeights(from)
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]safetensors.Tensor{}
	for name, x := range w.tensors {
		byName[name] = *x.Tensor
	}
	if tensors != nil {
		tensors(byName)
	}
	var list []safetensors.Tensor
	for name, x := range byName {
		if x.Data != nil {
			x.DType = safetensors.F32
		}
		x.Name = name
		list = append(list, x)
	}
	if err := safetensors.Write(filepath.Join(dir, weightsFile), list, nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func writeJSON(t testing.TB, path string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestEncoderConfigErrors(t *testing.T) {
	for want, change := range map[string]func(map[string]any){
		`activation "silu"`:            func(c map[string]any) { c["hidden_act"] = "silu" },
		`"relative_key"`:               func(c map[string]any) { c["position_embedding_type"] = "relative_key" },
		"0 layers":                     func(c map[string]any) { c["num_hidden_layers"] = 0 },
		"hidden size 16 with 3 heads":  func(c map[string]any) { c["num_attention_heads"] = 3 },
		"a vocabulary of -1":           func(c map[string]any) { c["vocab_size"] = -1 },
		"0 positions":                  func(c map[string]any) { c["max_position_embeddings"] = 0 },
		"layer_norm_eps 0":             func(c map[string]any) { c["layer_norm_eps"] = 0 },
		`pooling "max" is none of`:     func(c map[string]any) { c["pooling"] = "max" },
		"expected shape [41 16], foun": func(c map[string]any) { c["vocab_size"] = 41 },
		"cannot unmarshal":             func(c map[string]any) { c["hidden_size"] = "wide" },
	} {
		_, err := Load(textFolder(t, "bert", change, nil))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), ".json") && !strings.Contains(err.Error(), weightsFile) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// Missing and unknown tensors are named with the file.
func TestEncoderTensorErrors(t *testing.T) {
	type tensors = map[string]safetensors.Tensor
	for want, change := range map[string]func(tensors){
		`"bert.encoder.layer.1.output.dense.bias" is missing, expected shape [16]`: func(x tensors) { delete(x, "bert.encoder.layer.1.output.dense.bias") },
		`"bert.encoder.layer.2.extra" is unknown to bert networks`: func(x tensors) {
			x["bert.encoder.layer.2.extra"] = safetensors.Tensor{Shape: []int{1}, Data: []float32{1}}
		},
		`"classifier.bias": expected shape [3], found [2]`: func(x tensors) {
			x["classifier.bias"] = safetensors.Tensor{Shape: []int{2}, Data: []float32{1, 2}}
		},
	} {
		_, err := Load(textFolder(t, "bert", nil, change))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), weightsFile) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// What files of other makers have: no base in the names, gamma and beta, buffers,
// heads for pretraining, no classifier.
func TestEncoderFileVariants(t *testing.T) {
	n, x, _, _ := small(t, "bert")
	dir := textFolder(t, "bert", nil, func(ts map[string]safetensors.Tensor) {
		for name, v := range ts {
			delete(ts, name)
			name = strings.TrimPrefix(name, "bert.")
			name = strings.NewReplacer("LayerNorm.weight", "LayerNorm.gamma", "LayerNorm.bias", "LayerNorm.beta").Replace(name)
			if !strings.HasPrefix(name, "classifier") {
				ts[name] = v
			}
		}
		ts["embeddings.position_ids"] = safetensors.Tensor{Shape: []int{1, 2}, Ints: []int64{0, 1}}
		ts["cls.predictions.bias"] = safetensors.Tensor{Shape: []int{1}, Data: []float32{1}}
	})
	bare, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(run(t, n, 3, x), run(t, bare, 3, x)) {
		t.Error("the activations differ")
	}
	if bare.Classes() != 3 || norm(bare.Param("classifier.weight").Data) == 0 {
		t.Errorf("a fresh head of %d classes", bare.Classes())
	}
	writeJSON(t, filepath.Join(dir, "1_Pooling", configFile), map[string]any{"pooling_mode_mean_tokens": true})
	if sentence, err := Load(dir); err != nil || sentence.Param("pooler.dense.weight") != nil {
		t.Errorf("a sentence encoder with a pooler: %v", err)
	}
	writeJSON(t, filepath.Join(dir, "1_Pooling", configFile), map[string]any{"pooling_mode_max_tokens": true})
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), "1_Pooling") {
		t.Errorf("max pooling: %v", err)
	}
}

func TestFolderWithoutWeights(t *testing.T) {
	dir := textFolder(t, "bert", nil, nil)
	if err := os.Remove(filepath.Join(dir, weightsFile)); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), weightsFile) {
		t.Errorf("no weights: %v", err)
	}
}

// A network written out is read back as it was.
func TestEncoderIsReadBack(t *testing.T) {
	n, x, _, _ := pooling(t, MeanPooling)
	n.ReplaceHead(7, 3)
	dir := textFolder(t, "bert", func(c map[string]any) { c["pooling"] = MeanPooling }, func(ts map[string]safetensors.Tensor) {
		clear(ts)
		for _, p := range n.Params() {
			ts[p.Name] = safetensors.Tensor{Shape: p.Shape, Data: p.Data}
		}
	})
	back, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	if back.Classes() != 7 || !slices.Equal(run(t, n, -1, x), run(t, back, -1, x)) {
		t.Error("the network differs")
	}
}

func TestTextErrors(t *testing.T) {
	n, x, labels, _ := small(t, "bert")
	if n.MaxTokens() != 12 || n.Vocabulary() != 40 || !n.IsText() || n.PerToken(0) || !n.PerToken(2) || n.PerToken(3) {
		t.Errorf("%d tokens of %d", n.MaxTokens(), n.Vocabulary())
	}
	for _, bad := range []int{0, 13} {
		if err := n.SetMaxTokens(bad); err == nil || !strings.Contains(err.Error(), "1 to 12") {
			t.Errorf("%d tokens: %v", bad, err)
		}
	}
	if err := n.SetMaxTokens(10); err != nil {
		t.Fatal(err)
	}
	tr, err := n.NewTrainer(TrainOptions{Batch: 4, Trained: everything(n), MaxTokens: 20})
	if err != nil {
		t.Fatal(err)
	}
	for want, do := range map[string]func() error{
		"text 0 has 11 tokens, want 1 to 10": func() error {
			_, _, err := tr.StepText(Text{IDs: make([]int32, 11), Lengths: []int32{11}}, Target{Classes: []int32{0}}, 0)
			return err
		},
		"ends at token 30, the graph holds 20": func() error {
			_, _, err := tr.StepText(Text{IDs: make([]int32, 30), Lengths: []int32{10, 10, 10}}, Target{Classes: []int32{0, 1, 2}}, 0)
			return err
		},
		"id 40, the table has rows 0 to 39": func() error {
			_, _, err := tr.StepText(Text{IDs: []int32{1, 40}, Lengths: []int32{2}}, Target{Classes: []int32{0}}, 0)
			return err
		},
		"with 1 ids": func() error {
			_, _, err := tr.StepText(Text{IDs: []int32{1}, Lengths: []int32{2}}, Target{Classes: []int32{0}}, 0)
			return err
		},
		"class 3 of text 1": func() error {
			_, _, err := tr.StepText(Text{IDs: []int32{1, 1}, Lengths: []int32{1, 1}}, Target{Classes: []int32{0, 3}}, 0)
			return err
		},
		"1 classes and 0 values for 2 texts": func() error {
			_, _, err := tr.StepText(Text{IDs: []int32{1, 1}, Lengths: []int32{1, 1}}, Target{Classes: []int32{0}}, 0)
			return err
		},
		"takes tokens, not rows": func() error {
			_, _, err := tr.Step(nil, labels, 0)
			return err
		},
		"does not begin with activations": func() error {
			_, _, err := tr.StepTokens(nil, x.Lengths, Target{Classes: labels}, 0)
			return err
		},
		"3 tokens for a batch of 4": func() error {
			_, err := n.NewEvaluator(EvalOptions{Batch: 4, MaxTokens: 3})
			return err
		},
	} {
		if err := do(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	image := quickstart(t)
	if err := image.SetMaxTokens(5); err == nil || image.IsText() || image.Vocabulary() != 0 {
		t.Errorf("a network for images takes texts: %v", err)
	}
	if err := n.SetInput(4, 4); err == nil {
		t.Error("a network for texts takes images")
	}
}
