package model

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/runner/finetune/safetensors"
)

// folder writes a model folder from the shipped network, with its config and
// tensors changed.
func folder(t *testing.T, config func(string) string, tensors func([]safetensors.Tensor) []safetensors.Tensor) string {
	t.Helper()
	from, dir := repoFile(t, "configs", "quickstart", "resnet8"), t.TempDir()
	text, err := os.ReadFile(filepath.Join(from, configFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, configFile), []byte(config(string(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(filepath.Join(from, weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := safetensors.Write(filepath.Join(dir, weightsFile), tensors(f.Tensors), nil); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestLoadErrors(t *testing.T) {
	same := func(s string) string { return s }
	keep := func(ts []safetensors.Tensor) []safetensors.Tensor { return ts }
	swap := func(old, new string) func(string) string {
		return func(s string) string { return strings.Replace(s, old, new, 1) }
	}
	change := func(f func(*safetensors.Tensor)) func([]safetensors.Tensor) []safetensors.Tensor {
		return func(ts []safetensors.Tensor) []safetensors.Tensor {
			for i := range ts {
				if ts[i].Name == "fc.bias" {
					f(&ts[i])
				}
			}
			return ts
		}
	}
	for name, c := range map[string]struct {
		config  func(string) string
		tensors func([]safetensors.Tensor) []safetensors.Tensor
		want    []string
	}{
		"type":    {swap("resnet8_cifar10", "gpt9"), keep, []string{"gpt9", "supported: bert, distilbert, ", configFile}},
		"json":    {func(string) string { return "{" }, keep, []string{configFile}},
		"padding": {swap("tf_same", "valid"), keep, []string{"valid", "tf_same"}},
		"chain":   {swap(`"in": 16, "out": 32`, `"in": 8, "out": 32`), keep, []string{"layer2.0", "8 to 32"}},
		"huge":    {swap(`"in": 64, "out": 10`, `"in": 64, "out": 1000000000`), keep, []string{"head"}},
		"missing": {same, change(func(x *safetensors.Tensor) { x.Name = "other" }), []string{`"fc.bias" is missing`, "[10]", weightsFile}},
		"shape":   {same, change(func(x *safetensors.Tensor) { x.Shape = []int{2, 5} }), []string{`"fc.bias"`, "expected shape [10], found [2 5]", weightsFile}},
		"dtype": {same, change(func(x *safetensors.Tensor) { x.DType, x.Data, x.Ints = safetensors.I64, nil, make([]int64, 10) }),
			[]string{`"fc.bias"`, "I64"}},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Load(folder(t, c.config, c.tensors))
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("error %q does not mention %q", err, w)
				}
			}
		})
	}
	if _, err := Load(t.TempDir()); err == nil || !strings.Contains(err.Error(), configFile) {
		t.Errorf("empty folder: %v", err)
	}
	if _, err := Load(folder(t, same, keep)); err != nil {
		t.Errorf("unchanged folder: %v", err)
	}
}

func TestOptionErrors(t *testing.T) {
	n := quickstart(t)
	for name, o := range map[string]TrainOptions{
		"batch":    {Trained: all},
		"flags":    {Batch: 2, Trained: all[:3]},
		"nothing":  {Batch: 2, Trained: make([]bool, 5)},
		"from":     {Batch: 2, Trained: all, From: 2},
		"range":    {Batch: 2, Trained: all, From: 5},
		"dropout":  {Batch: 2, Trained: all, Dropout: 1},
		"smooth":   {Batch: 2, Trained: all, LabelSmoothing: 2},
		"weights":  {Batch: 2, Trained: all, ClassWeights: []float32{1}},
		"negative": {Batch: 2, Trained: all, From: -1},
	} {
		if _, err := n.NewTrainer(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if _, err := n.NewPrefix(0, 2); err == nil {
		t.Error("prefix of nothing: no error")
	}
	if _, err := n.NewEvaluator(EvalOptions{}); err == nil {
		t.Error("empty batch: no error")
	}
}

func TestStepErrors(t *testing.T) {
	n := quickstart(t)
	tr, err := n.NewTrainer(TrainOptions{Batch: 2, Trained: all})
	if err != nil {
		t.Fatal(err)
	}
	x, _ := images(n, 2)
	for name, y := range map[string][]int32{
		"short": {1}, "range": {0, 10}, "below": {-2, 0}, "padding first": {-1, 0}, "all padding": {-1, -1},
	} {
		if _, _, err := tr.Step(x, y, 0); err == nil {
			t.Errorf("labels %s: no error", name)
		}
	}
	if _, _, err := tr.Step(x[:10], []int32{0, 1}, 0); err == nil {
		t.Error("short input: no error")
	}
	e, err := n.NewEvaluator(EvalOptions{Batch: 2})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Logits(x, 3); err == nil {
		t.Error("too many rows: no error")
	}
	if _, err := e.Logits(x[:10], 1); err == nil {
		t.Error("short input: no error")
	}
}
