package model

import (
	"math"
	"slices"
	"strings"
	"testing"

	"automl/runner/finetune/blas"
)

var all = []bool{true, true, true, true, true}

func TestNetFacts(t *testing.T) {
	n := quickstart(t)
	if got := n.Blocks(); !slices.Equal(got, []string{"stem", "layer1", "layer2", "layer3", "head"}) {
		t.Errorf("blocks %v", got)
	}
	trainable, running, block := 0, 0, 0
	for _, p := range n.Params() {
		if p.Block < block {
			t.Errorf("%s: blocks are not in order", p.Name)
		}
		block = p.Block
		if p.Trainable {
			trainable += len(p.Data)
		} else {
			running += len(p.Data)
		}
		if want := strings.HasSuffix(p.Name, "weight") && !strings.Contains(p.Name, "bn"); p.Decay != want {
			t.Errorf("%s: decay %v", p.Name, p.Decay)
		}
	}
	if trainable != 78186 || running != 480 {
		t.Errorf("%d trainable values and %d running statistics", trainable, running)
	}
	for k, want := range [][3]int{{3, 16, 16}, {16, 16, 16}, {16, 16, 16}, {32, 8, 8}, {64, 1, 1}} {
		if c, h, w := n.PrefixShape(k); [3]int{c, h, w} != want {
			t.Errorf("block %d takes %d x %d x %d, want %v", k, c, h, w, want)
		}
	}
	if s, mean, std := n.Scale(); s != 1 || len(mean) != 3 || std[0] != 1 {
		t.Errorf("scale %v, mean %v, std %v", s, mean, std)
	}
	if n.SetInput(2, 16) == nil {
		t.Error("accepted images of 2 x 16")
	}
}

// step runs one step of a new trainer and returns the loss, a copy of the
// logits, and the gradients by name.
func step(t *testing.T, n *Net, o TrainOptions, x []float32, y []int32) (float64, []float32, map[string][]float32) {
	t.Helper()
	tr, err := n.NewTrainer(o)
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	loss, logits, err := tr.Step(x, y, 1)
	if err != nil {
		t.Fatal(err)
	}
	grads := map[string][]float32{}
	for _, g := range tr.Grads() {
		grads[g.Param.Name] = slices.Clone(g.Data)
	}
	return loss, slices.Clone(logits), grads
}

// A prefix followed by a graph from that block computes what the whole does:
// loss, logits, gradients and running statistics.
func TestPrefixIsEquivalent(t *testing.T) {
	for k := 1; k <= 4; k++ {
		whole, split := quickstart(t), quickstart(t)
		x, y := images(whole, 6)
		o := TrainOptions{Batch: 6, Trained: slices.Concat(make([]bool, k), all[k:]), Dropout: 0.3, Seed: 4}
		loss, logits, grads := step(t, whole, o, x, y)
		prefix, err := split.NewPrefix(k, 6)
		if err != nil {
			t.Fatal(err)
		}
		act, err := prefix.Logits(x, 6)
		if err != nil {
			t.Fatal(err)
		}
		if c, h, w := split.PrefixShape(k); len(act) != 6*c*h*w {
			t.Fatalf("block %d: %d activations for shape %d x %d x %d", k, len(act), c, h, w)
		}
		o.From = k
		loss2, logits2, grads2 := step(t, split, o, act, y)
		if loss != loss2 || !slices.Equal(logits, logits2) {
			t.Errorf("block %d: loss %v without cache, %v with", k, loss, loss2)
		}
		for name, g := range grads {
			if !slices.Equal(g, grads2[name]) {
				t.Errorf("block %d: gradient of %s differs", k, name)
			}
		}
		compareParams(t, whole, split, func(*Param) bool { return true })
		a, b := evaluate(t, whole, 0, x, 6), evaluate(t, split, k, act, 6)
		if !slices.Equal(a, b) {
			t.Errorf("block %d: evaluation differs by %v", k, maxDiff(a, b))
		}
	}
}

// evaluate returns a copy of the logits of a graph that starts at a block.
func evaluate(t *testing.T, n *Net, from int, x []float32, rows int) []float32 {
	t.Helper()
	e, err := n.NewEvaluator(EvalOptions{Batch: 6, From: from})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	got, err := e.Logits(x, rows)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(got)
}

// compareParams demands that the chosen parameters of two networks are equal.
func compareParams(t *testing.T, a, b *Net, chosen func(*Param) bool) {
	t.Helper()
	for i, p := range a.Params() {
		if chosen(p) && !slices.Equal(p.Data, b.Params()[i].Data) {
			t.Errorf("%s differs", p.Name)
		}
	}
}

// A step changes the running statistics of trained blocks, and nothing else.
func TestStepChangesOnlyTrainedStatistics(t *testing.T) {
	n, before := quickstart(t), quickstart(t)
	x, y := images(n, 4)
	_, _, grads := step(t, n, TrainOptions{Batch: 4, Trained: []bool{false, true, false, true, false}}, x, y)
	for i, p := range n.Params() {
		trained := p.Block == 1 || p.Block == 3
		if moved := !slices.Equal(p.Data, before.Params()[i].Data); moved != (trained && !p.Trainable) {
			t.Errorf("%s: changed %v", p.Name, moved)
		}
		if _, ok := grads[p.Name]; ok != (trained && p.Trainable) {
			t.Errorf("%s: has a gradient: %v", p.Name, ok)
		}
	}
}

// Padding rows change nothing: the result is that of the smaller batch.
func TestPaddingIsIgnored(t *testing.T) {
	small, padded := quickstart(t), quickstart(t)
	x, y := images(small, 4)
	o := TrainOptions{Batch: 4, Trained: all, LabelSmoothing: 0.1}
	loss, logits, grads := step(t, small, o, x, y)
	for i := range 2 * 3 * 16 * 16 {
		x = append(x, float32(math.NaN()))
		if i < 2 {
			y = append(y, -1)
		}
	}
	o.Batch = 6
	loss2, logits2, grads2 := step(t, padded, o, x, y)
	if loss != loss2 || !slices.Equal(logits, logits2[:len(logits)]) {
		t.Errorf("loss %v, with padding %v", loss, loss2)
	}
	for name, g := range grads {
		if !slices.Equal(g, grads2[name]) {
			t.Errorf("gradient of %s differs", name)
		}
	}
	compareParams(t, small, padded, func(*Param) bool { return true })
}

// Weights are shared with running graphs, and gradient descent on them learns.
func TestDescentLowersTheLoss(t *testing.T) {
	n := quickstart(t)
	n.ReplaceHead(3, 1)
	x, y := images(n, 6)
	tr, err := n.NewTrainer(TrainOptions{Batch: 6, Trained: all})
	if err != nil {
		t.Fatal(err)
	}
	defer tr.Close()
	var first, last float64
	for i := range 30 {
		loss, _, err := tr.Step(x, y, uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = loss
		}
		last = loss
		for _, g := range tr.Grads() {
			for j, d := range g.Data {
				g.Param.Data[j] -= 0.01 * d
			}
		}
	}
	if !(last < first/3) {
		t.Errorf("loss went from %v to %v", first, last)
	}
}

// The same steps give the same bits, with any number of threads.
func TestStepsAreReproducible(t *testing.T) {
	defer blas.SetThreads(1)
	run := func(threads int) ([]float32, map[string][]float32) {
		blas.SetThreads(threads)
		n := quickstart(t)
		x, y := images(n, 6)
		_, logits, grads := step(t, n, TrainOptions{Batch: 6, Trained: all, Dropout: 0.2, Seed: 3}, x, y)
		return logits, grads
	}
	logits, grads := run(1)
	for _, threads := range []int{1, 2, 3} {
		l, g := run(threads)
		if !slices.Equal(l, logits) {
			t.Errorf("%d threads: logits differ", threads)
		}
		for name := range grads {
			if !slices.Equal(g[name], grads[name]) {
				t.Errorf("%d threads: gradient of %s differs", threads, name)
			}
		}
	}
}

func TestReplaceHead(t *testing.T) {
	a, b, c := quickstart(t), quickstart(t), quickstart(t)
	a.ReplaceHead(4, 1)
	b.ReplaceHead(4, 1)
	c.ReplaceHead(4, 2)
	w := a.Param("fc.weight")
	if !slices.Equal(w.Shape, []int{4, 64}) || a.Classes() != 4 || norm(a.Param("fc.bias").Data) != 0 {
		t.Errorf("shape %v, %d classes", w.Shape, a.Classes())
	}
	if !slices.Equal(w.Data, b.Param("fc.weight").Data) || slices.Equal(w.Data, c.Param("fc.weight").Data) {
		t.Error("the seed does not decide the weights")
	}
	// Variance 1/fan-in: the squares of 4*64 weights sum to about 4.
	if s := norm(w.Data); s*s < 3 || s*s > 5 {
		t.Errorf("squared norm %v, want about 4", s*s)
	}
}

func TestCloneIsIndependent(t *testing.T) {
	n := quickstart(t)
	c := n.Clone()
	compareParams(t, n, c, func(*Param) bool { return true })
	c.ReplaceHead(2, 1)
	c.Param("conv1.weight").Data[0] = 42
	if n.Classes() != 10 || n.Param("conv1.weight").Data[0] == 42 {
		t.Error("a change of the clone shows in the original")
	}
	if _, h, _ := c.InputShape(); h != 16 {
		t.Errorf("clone takes images of height %d", h)
	}
}
