package model

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"automl/runner/finetune/safetensors"
)

// adapted puts updates on everything that can have one, with factors of the size
// of the weights.
func adapted(t *testing.T, family string, targets ...LoRATarget) (*Net, Text, []int32) {
	t.Helper()
	n, x, labels, _ := small(t, family)
	if err := n.AddLoRA(LoRA{Rank: 2, Alpha: 3, Targets: targets, Blocks: everything(n), Seed: 1}); err != nil {
		t.Fatal(err)
	}
	for _, p := range n.Params() {
		if strings.HasSuffix(p.Name, loraB) {
			for i := range p.Data {
				p.Data[i] = float32(math.Sin(float64(i+len(p.Name)))) / 3
			}
		}
	}
	return n, x, labels
}

// A fresh update changes nothing; only updates and the head have gradients.
func TestLoRABeginsWhereTheNetworkIs(t *testing.T) {
	for _, family := range families {
		n, x, labels, _ := small(t, family)
		want := run(t, n, -1, x)
		if err := n.AddLoRA(LoRA{Rank: 4, Alpha: 8, Targets: []LoRATarget{QueryTarget, ValueTarget}, Blocks: everything(n)}); err != nil {
			t.Fatal(err)
		}
		if got := run(t, n, -1, x); !(maxDiff(got, want) < 1e-6) {
			t.Errorf("%s: outputs differ by %.2g", family, maxDiff(got, want))
		}
		if learns := fmt.Sprint(n.Learns()); learns != "[false true true true]" {
			t.Errorf("%s: blocks that learn: %s", family, learns)
		}
		tr, err := n.NewTrainer(TrainOptions{Batch: 4, Trained: n.Learns()})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := tr.StepText(x, Target{Classes: labels}, 0); err != nil {
			t.Fatal(err)
		}
		for _, g := range tr.Grads() {
			if factor := strings.Contains(g.Param.Name, ".lora_"); !factor && g.Param.Block < 3 {
				t.Errorf("%s: %s has a gradient", family, g.Param.Name)
			} else if first := strings.HasSuffix(g.Param.Name, loraA); factor && first != (norm(g.Data) == 0) {
				t.Errorf("%s: the gradient of %s is %v, where B is 0", family, g.Param.Name, norm(g.Data))
			}
		}
	}
}

// The factors, outputs and gradients are those that PyTorch has recorded.
func TestLoRAMatchesReference(t *testing.T) {
	for _, family := range families {
		n, x, labels := adapted(t, family, LoRATargets...)
		f, err := safetensors.Read(filepath.Join("testdata", family, "lora.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range n.Params() {
			if strings.Contains(p.Name, ".lora_") {
				copy(p.Data, f.Find(p.Name).Data)
			}
		}
		tr, err := n.NewTrainer(TrainOptions{Batch: 4, Trained: n.Learns()})
		if err != nil {
			t.Fatal(err)
		}
		loss, logits, err := tr.StepText(x, Target{Classes: labels}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if want := f.Find("logits").Data; !(maxDiff(want, logits) < 1e-4) || !(math.Abs(loss-float64(f.Find("loss").Data[0])) < 1e-5) {
			t.Errorf("%s: loss %v, want %v, logits differ by %.2g", family, loss, f.Find("loss").Data, maxDiff(want, logits))
		}
		for _, g := range tr.Grads() {
			w := f.Find("grad." + g.Param.Name)
			if w == nil {
				continue // of the head
			}
			compareGrad(t, family+": ", g, w.Data)
		}
		n.MergeLoRA()
		if got := run(t, n, -1, x); !(maxDiff(f.Find("logits").Data, got) < 1e-4) {
			t.Errorf("%s: merged, logits differ by %.2g", family, maxDiff(f.Find("logits").Data, got))
		}
	}
}

// Without a dropout and with one, outputs and gradients are those that PEFT has recorded, and so is the merged network.
func TestLoRAMatchesPEFT(t *testing.T) {
	for _, name := range []string{"bert", "vit"} {
		f, err := safetensors.Read(filepath.Join("testdata", name, "peft.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		n, step, outputs := peftNet(t, name)
		if err := n.AddLoRA(LoRA{Rank: 2, Alpha: 3, Targets: LoRATargets, Blocks: everything(n)}); err != nil {
			t.Fatal(err)
		}
		for _, p := range n.Params() {
			if strings.Contains(p.Name, ".lora_") {
				copy(p.Data, f.Find(p.Name).Data)
			}
		}
		for mode, rate := range map[string]float64{"plain.": 0, "dropout.": 0.25} {
			tr, err := n.NewTrainer(TrainOptions{Batch: 5, Trained: n.Learns(), LoRADropout: rate, Seed: 5})
			if err != nil {
				t.Fatal(err)
			}
			loss, logits, err := step(tr)
			if err != nil {
				t.Fatal(err)
			}
			want := f.Find(mode + "logits").Data
			if !(maxDiff(want, logits[:len(want)]) < 1e-4) || !(math.Abs(loss-float64(f.Find(mode + "loss").Data[0])) < 1e-5) {
				t.Errorf("%s: %sloss %v, want %v, logits differ by %.2g", name, mode, loss, f.Find(mode+"loss").Data, maxDiff(want, logits[:len(want)]))
			}
			wanted := 0
			for _, x := range f.Tensors {
				if strings.HasPrefix(x.Name, mode+"grad.") {
					wanted++
				}
			}
			head, compared := len(n.Blocks())-1, 0
			for _, g := range tr.Grads() {
				w := f.Find(mode + "grad." + g.Param.Name)
				if w == nil && g.Param.Block == head {
					continue // BERT's pooler, which PEFT leaves as it is
				}
				compareGrad(t, name+": "+mode, g, w.Data)
				compared++
			}
			if compared != wanted || wanted < 2*2*6 {
				t.Errorf("%s: %d gradients, want %d", name, compared, wanted)
			}
			if err := tr.Close(); err != nil {
				t.Fatal(err)
			}
		}
		want := f.Find("plain.logits").Data
		if got := outputs(n); !(maxDiff(want, got) < 1e-4) {
			t.Errorf("%s: in evaluation logits differ by %.2g", name, maxDiff(want, got))
		}
		n.MergeLoRA()
		if want, got := f.Find("merged.logits").Data, outputs(n); !(maxDiff(want, got) < 1e-4) {
			t.Errorf("%s: merged, logits differ by %.2g", name, maxDiff(want, got))
		}
	}
}

// peftNet is one of the networks that testdata/record_lora.py has put updates on: its seventh step, and its logits.
func peftNet(t *testing.T, name string) (n *Net, step func(*Trainer) (float64, []float32, error), outputs func(*Net) []float32) {
	if name == "vit" {
		n, x, labels, _ := smallImages(t, name)
		return n, func(tr *Trainer) (float64, []float32, error) { return tr.Step(x, labels, 7) },
			func(n *Net) []float32 { return logits(t, n, 0, x) }
	}
	n, x, labels, _ := small(t, name)
	return n, func(tr *Trainer) (float64, []float32, error) { return tr.StepText(x, Target{Classes: labels}, 7) },
		func(n *Net) []float32 { return run(t, n, -1, x) }
}

// compareGrad compares a gradient within 1e-4 of the norm of what is wanted.
func compareGrad(t *testing.T, of string, g Grad, want []float32) {
	t.Helper()
	diff, size := slices.Clone(g.Data), max(norm(want), 1e-2)
	for i, v := range want {
		diff[i] -= v
	}
	if !(norm(diff) < 1e-4*size) {
		t.Errorf("%sgradient of %s differs by %.2g of its norm %.2g", of, g.Param.Name, norm(diff)/size, size)
	}
}

// Merged, the network computes the same; and the gradients of the factors follow
// from that of the merged weight G: s B^T G and s G A^T.
func TestLoRAIsWhatItIsMergedTo(t *testing.T) {
	for _, family := range families {
		n, x, labels := adapted(t, family, LoRATargets...)
		merged := n.Clone()
		merged.MergeLoRA()
		plain, _, _, _ := small(t, family)
		if len(merged.Params()) != len(plain.Params()) || !slices.Equal(merged.Learns(), plain.Learns()) {
			t.Errorf("%s: %d parameters after merging", family, len(merged.Params()))
		}
		want := run(t, merged, -1, x)
		if got := run(t, n, -1, x); !(maxDiff(got, want) < 1e-5) || maxDiff(run(t, plain, -1, x), want) < 1e-2 {
			t.Errorf("%s: outputs differ by %.2g", family, maxDiff(got, want))
		}
		whole := gradients(t, merged, everything(merged), x, labels)
		checked := 0
		for name, g := range gradients(t, n, n.Learns(), x, labels) {
			weight, isA := strings.CutSuffix(name, loraA)
			if !isA {
				if weight, isA = strings.CutSuffix(name, loraB); !isA {
					continue
				}
				isA = false
			}
			want := factorGrad(n, weight, whole[weight], isA)
			diff := slices.Clone(g)
			for i := range diff {
				diff[i] -= want[i]
			}
			if !(norm(diff) < 1e-4*max(norm(want), 1e-2)) {
				t.Errorf("%s: gradient of %s differs by %.2g of %.2g", family, name, norm(diff), norm(want))
			}
			checked++
		}
		if checked != 2*2*6 {
			t.Errorf("%s: %d gradients of factors", family, checked)
		}
	}
}

// factorGrad is the gradient of A or B from that of the weight.
func factorGrad(n *Net, weight string, g []float32, isA bool) []float32 {
	a, b := n.Param(weight+loraA), n.Param(weight+loraB)
	rank, in, out := a.Shape[0], a.Shape[1], b.Shape[0]
	da, db := make([]float32, rank*in), make([]float32, out*rank)
	for o := range out {
		for r := range rank {
			for i := range in {
				da[r*in+i] += float32(n.lora) * b.Data[o*rank+r] * g[o*in+i]
				db[o*rank+r] += float32(n.lora) * a.Data[r*in+i] * g[o*in+i]
			}
		}
	}
	if isA {
		return da
	}
	return db
}

func gradients(t *testing.T, n *Net, trained []bool, x Text, labels []int32) map[string][]float32 {
	t.Helper()
	tr, err := n.NewTrainer(TrainOptions{Batch: 4, Trained: trained})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	if _, _, err := tr.StepText(x, Target{Classes: labels}, 0); err != nil {
		t.Fatal(err)
	}
	out := map[string][]float32{}
	for _, g := range tr.Grads() {
		out[g.Param.Name] = slices.Clone(g.Data)
	}
	return out
}

func TestLoRAErrors(t *testing.T) {
	n, _, _ := adapted(t, "bert", QueryTarget)
	if err := n.AddLoRA(LoRA{Rank: 2, Alpha: 1, Blocks: everything(n)}); err == nil {
		t.Error("two updates of a weight")
	}
	image := quickstart(t)
	if err := image.AddLoRA(LoRA{Rank: 2, Alpha: 1, Targets: LoRATargets, Blocks: make([]bool, len(image.Blocks()))}); err == nil ||
		!strings.Contains(err.Error(), "no weights that LoRA updates") {
		t.Errorf("a ResNet: %v", err)
	}
}
