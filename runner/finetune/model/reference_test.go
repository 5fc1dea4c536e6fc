package model

import (
	"math"
	"strings"
	"testing"
)

func loadReference(t *testing.T) (*Net, *recorded) {
	r := loadRecorded(t)
	n, err := Load(r.dir)
	if err != nil {
		t.Fatal(err)
	}
	return n, r
}

func TestEvalMatchesReference(t *testing.T) {
	n, r := loadReference(t)
	e, err := n.NewEvaluator(EvalOptions{Batch: 8})
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.Logits(r.data("inputs_nchw"), 8)
	if err != nil {
		t.Fatal(err)
	}
	d := maxDiff(got, r.data("logits"))
	t.Logf("logits differ by at most %.2g", d)
	if !(d < 1e-4) {
		t.Errorf("logits differ by %v", d)
	}
}

func TestActivationsMatchReference(t *testing.T) {
	n, r := loadReference(t)
	for k, name := range map[int]string{2: "activation.layer1", 3: "activation.layer2"} {
		e, err := n.NewPrefix(k, 8)
		if err != nil {
			t.Fatal(err)
		}
		got, err := e.Logits(r.data("inputs_nchw"), 8)
		if err != nil {
			t.Fatal(err)
		}
		want := r.data(name) // of the first image only
		if d := maxDiff(want, got[:len(want)]); !(d < 1e-4) {
			t.Errorf("%s differs by %v", name, d)
		}
	}
}

func TestTrainMatchesReference(t *testing.T) {
	n, r := loadReference(t)
	tr, err := n.NewTrainer(TrainOptions{Batch: 8, Trained: []bool{true, true, true, true, true}})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	loss, logits, err := tr.Step(r.data("inputs_nchw"), r.labels, 0)
	if err != nil {
		t.Fatal(err)
	}
	if d := maxDiff(logits, r.data("train.logits")); !(d < 1e-3) {
		t.Errorf("logits differ by %v", d)
	}
	if want := r.summary.Train.Loss; !(math.Abs(loss-want) < 1e-3*want) {
		t.Errorf("loss %v, want %v", loss, want)
	}
	checkNorms(t, tr, r.summary.Train.GradNorms)
	for _, p := range n.Params() {
		if p.Trainable {
			continue
		}
		want := r.data("train.running." + p.Name)
		for i, w := range want {
			// 1e-5 tells the unbiased variance from the biased one.
			if !(math.Abs(float64(p.Data[i]-w)) <= 1e-5*math.Abs(float64(w))+1e-6) {
				t.Errorf("%s[%d] is %v, want %v", p.Name, i, p.Data[i], w)
			}
		}
	}
}

// The gradients with frozen statistics, by way of the eval-mode batch norm in
// a graph whose parameters are all trained.
func TestFrozenStatisticsMatchReference(t *testing.T) {
	n, r := loadReference(t)
	tr, err := n.newTrainer(TrainOptions{Batch: 8, Trained: []bool{true, true, true, true, true}}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	loss, _, err := tr.Step(r.data("inputs_nchw"), r.labels, 0)
	if err != nil {
		t.Fatal(err)
	}
	if want := r.summary.Eval.Loss; !(math.Abs(loss-want) < 1e-3*want) {
		t.Errorf("loss %v, want %v", loss, want)
	}
	checkNorms(t, tr, r.summary.Eval.GradNorms)
}

// checkNorms compares gradient norms. Those of conv biases that feed a batch
// norm are rounding noise around zero in train mode, and are bounded only.
func checkNorms(t *testing.T, tr *Trainer, want map[string]float64) {
	t.Helper()
	if len(tr.Grads()) != len(want) {
		t.Errorf("%d gradients, want %d", len(tr.Grads()), len(want))
	}
	for _, g := range tr.Grads() {
		got, w := norm(g.Data), want[g.Param.Name]
		if strings.HasSuffix(g.Param.Name, ".bias") && w < 1e-4 {
			if !(got < 1e-3) {
				t.Errorf("%s: gradient norm %v, want about 0", g.Param.Name, got)
			}
		} else if !(math.Abs(got-w) < 1e-3*w) {
			t.Errorf("%s: gradient norm %v, want %v", g.Param.Name, got, w)
		}
	}
}
