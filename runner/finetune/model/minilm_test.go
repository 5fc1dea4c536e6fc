package model

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"automl/runner/finetune/optim"
	"automl/runner/finetune/safetensors"
)

// sentences are the texts of MiniLM's reference, and what PyTorch has computed
// from them.
type sentences struct {
	t       *testing.T
	dir     string
	forward *safetensors.File
	step    *safetensors.File
	summary struct {
		Indices []int              `json:"text_indices"`
		Labels  []int32            `json:"labels"`
		Loss    float64            `json:"loss_value"`
		Blocks  map[string]float64 `json:"grad_norm_blocks"`
		Norms   map[string]float64 `json:"grad_norms_float64"`
		AdamW   struct {
			LR     float64   `json:"lr"`
			Decay  float64   `json:"weight_decay"`
			Losses []float64 `json:"losses_before_each_step"`
		} `json:"adamw"`
	}
}

func loadSentences(t *testing.T) (*Net, *sentences) {
	t.Helper()
	s := &sentences{t: t, dir: sharedDir(t, "data", "minilm")}
	var err error
	if s.forward, err = safetensors.Read(filepath.Join(s.dir, "reference", "forward.safetensors")); err != nil {
		t.Fatal(err)
	}
	if s.step, err = safetensors.Read(filepath.Join(s.dir, "reference", "train_step.safetensors")); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(s.dir, "reference", "train_step.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &s.summary); err != nil {
		t.Fatal(err)
	}
	n, err := Load(s.dir)
	if err != nil {
		t.Fatal(err)
	}
	return n, s
}

// packed takes the padding out of input_ids, and of token_type_ids where there are any.
func packed(t testing.TB, f *safetensors.File) Text {
	t.Helper()
	ids, mask, types := f.Find("input_ids"), f.Find("attention_mask"), f.Find("token_type_ids")
	var x Text
	for row := range ids.Shape[0] {
		n := int32(0)
		for i := row * ids.Shape[1]; i < (row+1)*ids.Shape[1]; i++ {
			if mask.Ints[i] == 1 {
				x.IDs = append(x.IDs, int32(ids.Ints[i]))
				if types != nil {
					x.Types = append(x.Types, int32(types.Ints[i]))
				}
				n++
			}
		}
		x.Lengths = append(x.Lengths, n)
	}
	return x
}

// first returns the first n texts.
func (x Text) first(n int) Text {
	tokens := 0
	for _, k := range x.Lengths[:n] {
		tokens += int(k)
	}
	return Text{IDs: x.IDs[:tokens], Lengths: x.Lengths[:n]}
}

// run makes an evaluator of the blocks below k, or of all if k is -1, and runs it.
func run(t *testing.T, n *Net, k int, x Text) []float32 {
	t.Helper()
	e, err := n.NewEvaluator(EvalOptions{Batch: len(x.Lengths)})
	if k >= 0 {
		e, err = n.NewPrefix(k, len(x.Lengths))
	}
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	out, err := e.Text(x)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(out)
}

func TestMiniLMForward(t *testing.T) {
	n, s := loadSentences(t)
	x := packed(t, s.forward)
	for k := 1; k <= 6; k++ {
		want := s.forward.Find(fmt.Sprintf("hidden_states.0.%d", k-1)).Data
		got := run(t, n, k, x.first(1))
		if d := maxDiff(want, got); len(got) != len(want) || !(d < 1e-5) {
			t.Errorf("what enters block %d differs by %.2g", k, d)
		}
	}
	got, want := run(t, n, 7, x), s.forward.Find("pooled_mean").Data
	d := maxDiff(want, got)
	t.Logf("embeddings of %d texts differ by at most %.2g", len(x.Lengths), d)
	if len(got) != len(want) || !(d < 1e-5) {
		t.Errorf("embeddings differ by %.2g", d)
	}
}

// The step that PyTorch has recorded, with its head on the network.
func (s *sentences) trainer(n *Net, o TrainOptions) (*Trainer, Text) {
	s.t.Helper()
	n.ReplaceHead(5, 1)
	copy(n.Param("classifier.weight").Data, s.step.Find("head.weight").Data)
	copy(n.Param("classifier.bias").Data, s.step.Find("head.bias").Data)
	o.Batch = 8
	tr, err := n.NewTrainer(o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { tr.Close() })
	return tr, packed(s.t, s.step)
}

// trained has the top blocks of MiniLM's eight trained.
func trained(top int) []bool {
	return append(make([]bool, 8-top), slices.Repeat([]bool{true}, top)...)
}

func TestMiniLMStep(t *testing.T) {
	n, s := loadSentences(t)
	tr, x := s.trainer(n, TrainOptions{Trained: trained(8)})
	for range 2 { // a second step begins where the first did: weights are the caller's
		loss, logits, err := tr.StepText(x, Target{Classes: s.summary.Labels}, 0)
		if err != nil {
			t.Fatal(err)
		}
		if d := math.Abs(loss - s.summary.Loss); !(d < 1e-5) {
			t.Errorf("loss %v, want %v", loss, s.summary.Loss)
		}
		if d := maxDiff(logits, s.step.Find("logits").Data); !(d < 1e-4) {
			t.Errorf("logits differ by %.2g", d)
		}
	}
	s.compare(tr, n)
}

// compare compares the gradients of every parameter and block.
func (s *sentences) compare(tr *Trainer, n *Net) {
	s.t.Helper()
	blocks, worst := make([]float64, len(n.Blocks())), 0.0
	for _, g := range tr.Grads() {
		name := g.Param.Name
		if head, ok := map[string]string{"classifier.weight": "head.weight", "classifier.bias": "head.bias"}[name]; ok {
			name = head
		}
		got, want := norm(g.Data), s.summary.Norms[name]
		blocks[g.Param.Block] += got * got
		if want < 1e-12 { // the key biases, whose gradient is zero
			if !(got < 1e-6) {
				s.t.Errorf("%s: gradient norm %v, want 0", name, got)
			}
			continue
		}
		worst = max(worst, math.Abs(got/want-1))
		if !(math.Abs(got-want) < 1e-4*want) {
			s.t.Errorf("%s: gradient norm %v, want %v", name, got, want)
		}
		if ref := s.step.Find("grad." + name); ref != nil {
			if d := maxDiff(g.Data, ref.Data); !(d < 1e-5) {
				s.t.Errorf("%s: gradient differs by %.2g", name, d)
			}
		}
	}
	for i, sq := range blocks {
		name := fmt.Sprintf("encoder.layer.%d", i-1)
		if i == 0 {
			name = "embeddings"
		} else if i == len(blocks)-1 {
			name = "head"
		}
		if want := s.summary.Blocks[name]; !(math.Abs(math.Sqrt(sq)-want) < 1e-4*want) {
			s.t.Errorf("block %s: gradient norm %v, want %v", name, math.Sqrt(sq), want)
		}
	}
	s.t.Logf("gradient norms of %d parameters agree within %.2g", len(tr.Grads()), worst)
}

// Four losses of AdamW over all parameters, embeddings included.
func TestMiniLMTraining(t *testing.T) {
	n, s := loadSentences(t)
	tr, x := s.trainer(n, TrainOptions{Trained: trained(8)})
	c := optim.Default(optim.AdamW)
	c.WeightDecay = s.summary.AdamW.Decay
	o, err := optim.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var tensors []optim.Tensor
	for _, g := range tr.Grads() {
		tensors = append(tensors, optim.Tensor{Name: g.Param.Name, Data: g.Param.Data, Grad: g.Data, Factor: 1, Decay: true,
			Rows: g.Rows, Width: g.Param.Shape[len(g.Param.Shape)-1]})
	}
	if err := o.Bind(tensors); err != nil {
		t.Fatal(err)
	}
	for i, want := range s.summary.AdamW.Losses {
		loss, logits, err := tr.StepText(x, Target{Classes: s.summary.Labels}, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		// The update of a key bias has an arbitrary sign (its gradient is noise), which moves nothing but rounding.
		if !(math.Abs(loss-want) < 1e-4) {
			t.Errorf("loss %v before step %d, want %v", loss, i+1, want)
		}
		if i == 3 {
			if d := maxDiff(logits, s.step.Find("logits_after_3_steps").Data); !(d < 1e-3) {
				t.Errorf("logits after 3 steps differ by %.2g", d)
			}
		}
		o.Step(s.summary.AdamW.LR)
	}
}
