package model

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"

	"automl/runner/finetune/blas"
	"automl/runner/finetune/safetensors"
)

// families are the small classifiers of texts that testdata/record.py has made.
var families = []string{"bert", "roberta", "distilbert", "gpt2"}

// small loads one of them, the texts and classes of its step, and what PyTorch
// has recorded.
func small(t testing.TB, family string) (*Net, Text, []int32, *safetensors.File) {
	t.Helper()
	dir := filepath.Join("testdata", family)
	n, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	f, err := safetensors.Read(filepath.Join(dir, "reference.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	var labels []int32
	for _, l := range f.Find("labels").Ints {
		labels = append(labels, int32(l))
	}
	return n, packed(t, f), labels, f
}

func everything(n *Net) []bool { return slices.Repeat([]bool{true}, len(n.Blocks())) }

// The shapes of the reference are such that every value is of the order of 1.
func TestEncodersMatchReference(t *testing.T) {
	for _, family := range families {
		t.Run(family, func(t *testing.T) {
			n, x, labels, f := small(t, family)
			for k := 1; k < len(n.Blocks())-1; k++ {
				want := f.Find(fmt.Sprintf("hidden.%d", k-1)).Data
				if got := run(t, n, k, x); len(got) != len(want) || !(maxDiff(want, got) < 1e-5) {
					t.Errorf("what enters block %d differs by %.2g", k, maxDiff(want, got))
				}
			}
			if d := maxDiff(run(t, n, -1, x), f.Find("logits").Data); !(d < 1e-5) {
				t.Errorf("logits differ by %.2g", d)
			}
			tr, err := n.NewTrainer(TrainOptions{Batch: 6, Trained: everything(n)})
			if err != nil {
				t.Fatal(err)
			}
			defer tr.Close()
			loss, logits, err := tr.StepText(x, Target{Classes: labels}, 0)
			if err != nil {
				t.Fatal(err)
			}
			if want := float64(f.Find("loss").Data[0]); !(math.Abs(loss-want) < 1e-6) {
				t.Errorf("loss %v, want %v", loss, want)
			}
			if d := maxDiff(logits, f.Find("logits").Data); len(logits) != 12 || !(d < 1e-5) {
				t.Errorf("logits differ by %.2g", d)
			}
			compareGrads(t, tr, f)
		})
	}
}

func compareGrads(t *testing.T, tr *Trainer, f *safetensors.File) {
	t.Helper()
	want := slices.DeleteFunc(slices.Clone(f.Tensors), func(x safetensors.Tensor) bool { return x.Name < "grad." || x.Name > "grad/" })
	got := map[*Param][]float32{}
	for _, g := range tr.Grads() {
		got[g.Param] = g.Data
	}
	tensors := tr.g.net.layOut(func(p *Param) []float32 { return got[p] })
	if len(tensors) != len(want) {
		t.Errorf("%d gradients, want %d", len(tensors), len(want))
	}
	for _, g := range tensors {
		w := f.Find("grad." + g.Name)
		if w == nil || len(w.Data) != len(g.Data) {
			t.Errorf("gradient of %s: %d values, the reference has another number", g.Name, len(g.Data))
			continue
		}
		diff, size := slices.Clone(g.Data), max(norm(w.Data), 1e-2) // that of key biases is zero
		for i, v := range w.Data {
			diff[i] -= v
		}
		if !(norm(diff) < 1e-5*size) {
			t.Errorf("gradient of %s differs by %.2g of its norm %.2g", g.Name, norm(diff)/size, size)
		}
	}
}

// mean is BERT with another pooling; its head is the classifier alone.
func pooling(t testing.TB, p Pooling) (*Net, Text, []int32, *safetensors.File) {
	t.Helper()
	_, x, labels, f := small(t, "bert")
	n, err := Load(textFolder(t, "bert", func(c map[string]any) { c["pooling"] = p }, nil))
	if err != nil {
		t.Fatal(err)
	}
	return n, x, labels, f
}

func TestPooling(t *testing.T) {
	for _, p := range []Pooling{MeanPooling, CLSPooling} {
		n, x, _, f := pooling(t, p)
		hidden, at := f.Find("hidden.2").Data, 0
		var want []float32
		for _, length := range x.Lengths {
			row := slices.Clone(hidden[at*16 : (at+1)*16])
			for i := 1; i < int(length) && p == MeanPooling; i++ {
				for j := range row {
					row[j] += hidden[(at+i)*16+j]
				}
			}
			for j := range row {
				if p == MeanPooling {
					row[j] /= float32(length)
				}
			}
			want = append(want, row...)
			at += int(length)
		}
		if d := maxDiff(want, run(t, n, 3, x)); !(d < 1e-5) {
			t.Errorf("%s pooling differs by %.2g", p, d)
		}
		if len(n.Params()) != 5+2*16+2 {
			t.Errorf("%s pooling: %d parameters", p, len(n.Params()))
		}
	}
}

// Training on cached activations is training, to the bit, with dropout too; and
// so is evaluation.
func TestCachedTokensAreEquivalent(t *testing.T) {
	for _, family := range families {
		for k := 1; k <= 3; k++ {
			t.Run(fmt.Sprint(family, k), func(t *testing.T) {
				n, x, labels, _ := small(t, family)
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
				e, err := n.NewEvaluator(EvalOptions{Batch: 4, From: k})
				if err != nil {
					t.Fatal(err)
				}
				cached := run(t, n, k, x)
				for step := range uint64(2) {
					want, wantLogits, err := whole.StepText(x, Target{Classes: labels}, step)
					if err != nil {
						t.Fatal(err)
					}
					got, logits, err := part.stepFrom(cached, x.Lengths, labels, step)
					if err != nil {
						t.Fatal(err)
					}
					if got != want || !slices.Equal(logits, wantLogits) {
						t.Errorf("step %d: loss %v, without cache %v", step, got, want)
					}
					for i, g := range part.Grads() {
						if w := whole.Grads()[i]; g.Param != w.Param || !slices.Equal(g.Data, w.Data) {
							t.Errorf("step %d: gradient of %s differs", step, g.Param.Name)
						}
					}
				}
				if got := evaluateFrom(t, e, cached, x.Lengths, n.PerToken(k)); !slices.Equal(got, run(t, n, -1, x)) {
					t.Error("evaluation differs")
				}
			})
		}
	}
}

// stepFrom takes activations of tokens or of texts, as the graph does.
func (t *Trainer) stepFrom(x []float32, lengths, labels []int32, step uint64) (float64, []float32, error) {
	if t.g.seqs == nil {
		return t.Step(x, labels, step)
	}
	return t.StepTokens(x, lengths, Target{Classes: labels}, step)
}

func evaluateFrom(t *testing.T, e *Evaluator, x []float32, lengths []int32, perToken bool) []float32 {
	t.Helper()
	out, err := e.Tokens(x, lengths, nil)
	if !perToken {
		out, err = e.Logits(x, len(lengths))
	}
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Freezing changes which gradients there are, not what they are.
func TestFrozenBlocksOfEncoders(t *testing.T) {
	n, x, labels, _ := small(t, "bert")
	full := gradients(t, n, everything(n), x, labels)
	for bits := 1; bits < 1<<4-1; bits++ {
		trained, want := make([]bool, 4), 0
		for i := range trained {
			trained[i] = bits>>i&1 == 1
		}
		for _, p := range n.Params() {
			if trained[p.Block] {
				want++
			}
		}
		some := gradients(t, n, trained, x, labels)
		for name, g := range some {
			if !slices.Equal(g, full[name]) {
				t.Errorf("trained %v: gradient of %s differs", trained, name)
			}
		}
		if len(some) != want {
			t.Errorf("trained %v: %d gradients, want %d", trained, len(some), want)
		}
	}
}

// The same seed and step give the same bits, for any number of threads and
// whatever was computed before; another seed or step gives others.
func TestTextStepsAreReproducible(t *testing.T) {
	n, x, labels, _ := small(t, "roberta")
	defer blas.SetThreads(blas.Threads())
	make := func(seed uint64) *Trainer {
		tr, err := n.NewTrainer(TrainOptions{Batch: 4, Trained: everything(n), Dropout: 0.1, HiddenDropout: 0.1, AttentionDropout: 0.1, Seed: seed, MaxTokens: 30})
		if err != nil {
			t.Fatal(err)
		}
		return tr
	}
	state := func(tr *Trainer, step uint64) []float32 {
		loss, logits, err := tr.StepText(x, Target{Classes: labels}, step)
		if err != nil {
			t.Fatal(err)
		}
		out := append([]float32{float32(loss)}, logits...)
		for _, g := range tr.Grads() {
			out = append(out, g.Data...)
		}
		return out
	}
	one := make(1)
	want := state(one, 7)
	if _, _, err := one.StepText(Text{IDs: []int32{3, 4}, Lengths: []int32{2}}, Target{Classes: []int32{1}}, 8); err != nil {
		t.Fatal(err)
	}
	blas.SetThreads(3)
	if !slices.Equal(want, state(one, 7)) || !slices.Equal(want, state(make(1), 7)) {
		t.Error("the same step gives other bits")
	}
	if slices.Equal(want, state(one, 8)) || slices.Equal(want, state(make(2), 7)) {
		t.Error("another step or seed gives the same masks")
	}
}

// Dropout within the layers is for blocks that learn.
func TestFrozenLayersHaveNoDropout(t *testing.T) {
	n, x, labels, _ := small(t, "bert")
	loss := func(rate float64) float64 {
		tr, err := n.NewTrainer(TrainOptions{Batch: 4, Trained: []bool{false, false, false, true}, HiddenDropout: rate, AttentionDropout: rate})
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Close()
		l, _, err := tr.StepText(x, Target{Classes: labels}, 0)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	if a, b := loss(0), loss(0.5); a != b {
		t.Errorf("loss %v, with dropout %v", a, b)
	}
}

func BenchmarkTextStep(b *testing.B) {
	n, err := Load(sharedDir(b, "data", "minilm"))
	if err != nil {
		b.Fatal(err)
	}
	n.ReplaceHead(77, 1)
	var x Text
	var y Target
	for i := range 16 {
		for t := range 32 {
			x.IDs = append(x.IDs, int32(1000+(i*7919+t*104729)%20000))
		}
		x.Lengths, y.Classes = append(x.Lengths, 32), append(y.Classes, int32(i))
	}
	for name, top := range map[string]int{"full": 8, "top": 2, "cached": 2} {
		b.Run(name, func(b *testing.B) {
			o := TrainOptions{Batch: 16, Trained: trained(top), MaxTokens: 512}
			if name == "cached" {
				o.From = 6
			}
			tr, err := n.NewTrainer(o)
			if err != nil {
				b.Fatal(err)
			}
			cached := make([]float32, 512*384)
			for i := range cached {
				cached[i] = float32(i%13) - 6
			}
			for b.Loop() {
				if o.From > 0 {
					_, _, err = tr.StepTokens(cached, x.Lengths, y, 0)
				} else {
					_, _, err = tr.StepText(x, y, 0)
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
