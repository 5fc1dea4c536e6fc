package model

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"automl/runner/finetune/safetensors"
)

// imageNets are the small networks that testdata/record_images.py has made.
var imageNets = []string{"vit", "resnet-basic", "resnet-bottleneck"}

// smallImages loads one of them, the images and classes of its step, and what PyTorch has recorded.
func smallImages(t testing.TB, name string) (*Net, []float32, []int32, *safetensors.File) {
	t.Helper()
	dir := filepath.Join("testdata", name)
	n, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(filepath.Join(dir, "reference.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	x := f.Find("pixel_values")
	if err := n.SetInput(x.Shape[2], x.Shape[3]); err != nil {
		t.Fatal(err)
	}
	var labels []int32
	for _, l := range f.Find("labels").Ints {
		labels = append(labels, int32(l))
	}
	return n, x.Data, labels, f
}

func TestImageNetsMatchReference(t *testing.T) {
	for _, name := range imageNets {
		t.Run(name, func(t *testing.T) {
			n, x, _, f := smallImages(t, name)
			for k := 1; k < len(n.Blocks())-1; k++ {
				if d := maxDiff(prefix(t, n, k, x), f.Find(fmt.Sprintf("hidden.%d", k-1)).Data); !(d < 1e-5) {
					t.Errorf("what enters block %d differs by %.2g", k, d)
				}
			}
			if d := maxDiff(logits(t, n, 0, x), f.Find("eval.logits").Data); !(d < 1e-5) {
				t.Errorf("logits differ by %.2g", d)
			}
			for _, mode := range []string{"eval", "train"} {
				compareStep(t, name, mode)
			}
		})
	}
}

// compareStep compares loss, logits and gradients of a step in which batch norms use their running statistics, or the batch's.
func compareStep(t *testing.T, name, mode string) {
	t.Helper()
	n, x, labels, f := smallImages(t, name)
	tr, err := n.newTrainer(TrainOptions{Batch: 5, Trained: everything(n)}, mode == "eval")
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	loss, out, err := tr.Step(x, labels, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := float64(f.Find(mode + ".loss").Data[0]); !(math.Abs(loss-want) < 1e-5) {
		t.Errorf("%s: loss %v, want %v", mode, loss, want)
	}
	if d := maxDiff(out, f.Find(mode+".logits").Data); !(d < 1e-4) {
		t.Errorf("%s: logits differ by %.2g", mode, d)
	}
	blocks, wanted, all := make([]float64, len(n.Blocks())), make([]float64, len(n.Blocks())), 0
	for _, g := range tr.Grads() {
		w := f.Find(mode + ".grad." + g.Param.Name)
		if w == nil {
			t.Fatalf("%s: there is no gradient of %s in the reference", mode, g.Param.Name)
		}
		diff, size := slices.Clone(g.Data), max(norm(w.Data), 1e-2) // that of key biases is zero
		for i, v := range w.Data {
			diff[i] -= v
		}
		if !(norm(diff) < 1e-4*size) {
			t.Errorf("%s: gradient of %s differs by %.2g of its norm %.2g", mode, g.Param.Name, norm(diff)/size, size)
		}
		blocks[g.Param.Block] += math.Pow(norm(g.Data), 2)
		wanted[g.Param.Block] += math.Pow(norm(w.Data), 2)
	}
	for _, x := range f.Tensors {
		if strings.HasPrefix(x.Name, mode+".grad.") {
			all++
		}
	}
	if len(tr.Grads()) != all {
		t.Errorf("%s: %d gradients, want %d", mode, len(tr.Grads()), all)
	}
	for k, w := range wanted {
		if got, want := math.Sqrt(blocks[k]), math.Sqrt(w); !(math.Abs(got-want) < 1e-4*want) {
			t.Errorf("%s: gradient norm of block %s is %v, want %v", mode, n.Blocks()[k], got, want)
		}
	}
	for _, p := range n.Params() {
		if w := f.Find("train.running." + p.Name); !p.Trainable && mode == "train" && (w == nil || !(maxDiff(p.Data, w.Data) < 1e-6)) {
			t.Errorf("%s is %v, want %v", p.Name, p.Data, w)
		}
	}
}

func prefix(t *testing.T, n *Net, k int, x []float32) []float32 {
	t.Helper()
	e, err := n.NewPrefix(k, 8)
	if err != nil {
		t.Fatal(err)
	}
	return logitsOf(t, e, x)
}

func logits(t *testing.T, n *Net, from int, x []float32) []float32 {
	t.Helper()
	e, err := n.NewEvaluator(EvalOptions{Batch: 8, From: from})
	if err != nil {
		t.Fatal(err)
	}
	return logitsOf(t, e, x)
}

func logitsOf(t *testing.T, e *Evaluator, x []float32) []float32 {
	t.Helper()
	defer e.Close()
	out, err := e.Logits(x, len(x)/(len(e.x)/e.Batch()))
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(out)
}

// Graphs that begin above frozen blocks, on what these have computed, give the same bits, in a batch with padding, too.
func TestImagePrefixIsEquivalent(t *testing.T) {
	for _, name := range imageNets {
		n, x, labels, _ := smallImages(t, name)
		want := logits(t, n, 0, x)
		for k := 1; k < len(n.Blocks()); k++ {
			below := prefix(t, n, k, x)
			c, h, w := n.PrefixShape(k)
			if len(below) != 5*c*h*w {
				t.Fatalf("%s: %d values enter block %d, PrefixShape says %d each", name, len(below), k, c*h*w)
			}
			if !slices.Equal(logits(t, n, k, below), want) {
				t.Errorf("%s: logits above block %d differ", name, k)
			}
			trained := make([]bool, len(n.Blocks()))
			for i := k; i < len(trained); i++ {
				trained[i] = true
			}
			whole, above := stepGrads(t, n, TrainOptions{Batch: 6, Trained: trained}, x, labels), stepGrads(t, n, TrainOptions{Batch: 6, Trained: trained, From: k}, below, labels)
			if !slices.Equal(whole, above) {
				t.Errorf("%s: a step above block %d differs", name, k)
			}
		}
	}
}

// stepGrads is the loss and all gradients of a step of a copy of the network.
func stepGrads(t *testing.T, n *Net, o TrainOptions, x []float32, labels []int32) []float32 {
	t.Helper()
	tr, err := n.Clone().NewTrainer(o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	loss, _, err := tr.Step(x, append(slices.Clone(labels), -1), 0)
	if err != nil {
		t.Fatal(err)
	}
	out := []float32{float32(loss)}
	for _, g := range tr.Grads() {
		out = append(out, g.Data...)
	}
	return out
}

// A frozen stage normalizes with its running statistics and leaves them alone; one above it does not.
func TestFrozenStagesKeepTheirStatistics(t *testing.T) {
	n, x, labels, _ := smallImages(t, "resnet-basic")
	before := n.Clone()
	tr, err := n.NewTrainer(TrainOptions{Batch: 5, Trained: []bool{false, false, true, true}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, _, err := tr.Step(x, labels, 0); err != nil {
		t.Fatal(err)
	}
	for _, p := range n.Params() {
		moved := !slices.Equal(p.Data, before.Param(p.Name).Data)
		if want := !p.Trainable && p.Block == 2; moved != want {
			t.Errorf("%s of block %d moved: %v", p.Name, p.Block, moved)
		}
	}
}

// A ViT takes images of another size by positions between those that it has.
func TestViTOfAnotherSize(t *testing.T) {
	n, _, _, f := smallImages(t, "vit")
	x := f.Find("wide.pixel_values")
	if err := n.SetInput(x.Shape[2], x.Shape[3]); err != nil {
		t.Fatal(err)
	}
	if d := maxDiff(logits(t, n, 0, x.Data), f.Find("wide.logits").Data); !(d < 1e-5) {
		t.Errorf("logits differ by %.2g", d)
	}
	if err := n.SetInput(3, 12); err == nil || !strings.Contains(err.Error(), "3 x 12") {
		t.Errorf("images lower than a patch: %v", err)
	}
}

// renamed gives tensors other names; those without one are left out.
func renamed(to func(string) string) func(map[string]safetensors.Tensor) {
	return func(tensors map[string]safetensors.Tensor) {
		for name, x := range maps.Clone(tensors) {
			delete(tensors, name)
			if name = to(name); name != "" {
				tensors[name] = x
			}
		}
	}
}

// Files of networks without a head have other names, and a fresh head of as many classes as their config says.
func TestImageNetsWithoutHead(t *testing.T) {
	for name, base := range map[string]string{"vit": vitBase, "resnet-basic": resnetBase} {
		dir := textFolder(t, name, nil, renamed(func(s string) string {
			if strings.HasPrefix(s, "classifier.") {
				return ""
			}
			return strings.TrimPrefix(s, base)
		}))
		n, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		_, x, _, _ := smallImages(t, name)
		if n.Classes() != 3 {
			t.Errorf("%s: %d classes", name, n.Classes())
		}
		full, _, _, _ := smallImages(t, name)
		if err := n.SetInput(full.input.Height, full.input.Width); err != nil {
			t.Fatal(err)
		}
		top := len(n.Blocks()) - 1
		if !slices.Equal(prefix(t, n, top, x), prefix(t, full, top, x)) {
			t.Errorf("%s: what enters the head differs", name)
		}
	}
}

// The released sizes have the tensors that transformers and torchvision say, and a network with torchvision's names computes the same.
func TestResNetNames(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("testdata", "names.json"))
	if err != nil {
		t.Fatal(err)
	}
	var sizes map[string]struct {
		Config                    json.RawMessage
		Transformers, Torchvision map[string][]int
	}
	if err := json.Unmarshal(raw, &sizes); err != nil {
		t.Fatal(err)
	}
	for name, s := range sizes {
		c := hfResNetConfig{Channels: 3, Stem: 64, Act: "relu"}
		if err := json.Unmarshal(s.Config, &c); err != nil {
			t.Fatal(err)
		}
		if err := c.check(); err != nil {
			t.Fatal(err)
		}
		params := (&hfResNet{cfg: c}).params(1000)
		if len(params) != len(s.Transformers) || len(params) != len(s.Torchvision) {
			t.Errorf("%s: %d tensors, want %d and %d", name, len(params), len(s.Transformers), len(s.Torchvision))
		}
		for _, p := range params {
			if !slices.Equal(s.Transformers[p.Name], p.Shape) || !slices.Equal(s.Torchvision[torchvisionName(p.Name)], p.Shape) {
				t.Errorf("%s: %s of shape %v, want %v, as %s %v", name, p.Name, p.Shape, s.Transformers[p.Name], torchvisionName(p.Name), s.Torchvision[torchvisionName(p.Name)])
			}
		}
	}
	for _, name := range imageNets[1:] {
		n, err := Load(textFolder(t, name, nil, renamed(torchvisionName)))
		if err != nil {
			t.Fatal(err)
		}
		same, x, _, _ := smallImages(t, name)
		if err := n.SetInput(same.input.Height, same.input.Width); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(logits(t, n, 0, x), logits(t, same, 0, x)) {
			t.Errorf("%s: logits differ", name)
		}
	}
}

func TestImageNetErrors(t *testing.T) {
	set := func(key string, v any) func(map[string]any) { return func(c map[string]any) { c[key] = v } }
	for want, c := range map[string]struct {
		name   string
		change func(map[string]any)
	}{
		`hidden_act "relu"`:                     {"vit", set("hidden_act", "relu")},
		"qkv_bias":                              {"vit", set("qkv_bias", false)},
		"num_attention_heads 3":                 {"vit", set("num_attention_heads", 3)},
		"image_size: images of 2 x 2":           {"vit", set("image_size", 2)},
		"patch_size 0":                          {"vit", set("patch_size", []int{0, 4})},
		`"big" is no size`:                      {"vit", set("patch_size", "big")},
		"num_hidden_layers 1000000":             {"vit", set("num_hidden_layers", 1000000)},
		"expected shape [1 37 16], found [1 10": {"vit", set("image_size", 24)},
		`layer_type "wide"`:                     {"resnet-basic", set("layer_type", "wide")},
		`hidden_act "gelu"`:                     {"resnet-basic", set("hidden_act", "gelu")},
		"depths":                                {"resnet-basic", set("depths", []int{2})},
		"stage 1 of 0 channels":                 {"resnet-basic", set("hidden_sizes", []int{4, 0})},
		"stage 0 has 65 layers":                 {"resnet-basic", set("depths", []int{65, 1})},
		"embedding_size":                        {"resnet-basic", set("embedding_size", -4)},
		"stages.1.layers.1.layer.0.convolution": {"resnet-basic", set("depths", []int{2, 2})},
		`num_channels 0`:                        {"resnet-bottleneck", set("num_channels", 0)},
	} {
		_, err := Load(textFolder(t, c.name, c.change, nil))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), string(filepath.Separator)) {
			t.Errorf("%s: %v", want, err)
		}
	}
	dir := textFolder(t, "vit", nil, renamed(func(s string) string { return strings.Replace(s, "cls_token", "distillation_token", 1) }))
	if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), `embeddings.cls_token" is missing`) {
		t.Errorf("without a class token: %v", err)
	}
	n, _, _, _ := smallImages(t, "resnet-basic")
	if err := n.SetInput(4, 4); err == nil || !strings.Contains(err.Error(), "4 x 4") {
		t.Errorf("tiny images: %v", err)
	}
}

// What is written has every tensor that transformers wrote, of the same type and shape.
func TestImageNetsAreWrittenAsTheyWere(t *testing.T) {
	for _, name := range imageNets {
		n, err := Load(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), weightsFile)
		if err := safetensors.Write(file, n.Tensors(), nil); err != nil {
			t.Fatal(err)
		}
		got, err := safetensors.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		want, err := safetensors.Read(filepath.Join("testdata", name, weightsFile))
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Tensors) != len(want.Tensors) {
			t.Errorf("%s: %d tensors, want %d", name, len(got.Tensors), len(want.Tensors))
		}
		for _, w := range want.Tensors {
			x := got.Find(w.Name)
			if x == nil || x.DType != w.DType || !slices.Equal(x.Shape, w.Shape) || !slices.Equal(x.Data, w.Data) || !slices.Equal(x.Ints, w.Ints) {
				t.Errorf("%s: %s is %v, want %v", name, w.Name, x, w)
			}
		}
	}
}
