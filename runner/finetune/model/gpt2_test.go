package model

import (
	"maps"
	"path/filepath"
	"reflect"
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
