package model

import (
	"runtime"
	"testing"
)

// held is what the heap holds.
func held() int64 {
	for range 3 { // pools keep things for a while, and so do finalizers, which are run one after the other
		ran := make(chan struct{})
		runtime.SetFinalizer(new([]byte), func(*[]byte) { close(ran) })
		runtime.GC()
		<-ran
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What a graph is said to take is what it takes once it has run.
func TestBytesArePredicted(t *testing.T) {
	for name, c := range map[string]struct {
		net   func(t *testing.T) *Net
		batch int
		from  int
	}{
		"resnet":         {shippedResNet, 64, 0},
		"resnet's head":  {shippedResNet, 64, 3},
		"mlp":            {wideMLP, 256, 0},
		"mlp from above": {wideMLP, 256, 1},
	} {
		t.Run(name, func(t *testing.T) {
			net := c.net(t)
			trained := make([]bool, len(net.Blocks()))
			for k := range trained {
				trained[k] = k >= c.from
			}
			o := TrainOptions{Batch: c.batch, Trained: trained, From: c.from, Dropout: 0.1}
			ch, h, w := net.PrefixShape(c.from)
			x, y := make([]float32, c.batch*ch*h*w), make([]int32, c.batch)
			predicted, err := net.TrainBytes(o)
			if err != nil {
				t.Fatal(err)
			}
			before := held()
			tr, err := net.NewTrainer(o)
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := tr.Step(x, y, 0); err != nil {
				t.Fatal(err)
			}
			check(t, "training", held()-before, predicted, tr.g.Bytes())
			tr.Close()

			if predicted, err = net.EvalBytes(EvalOptions{Batch: c.batch, From: c.from}); err != nil {
				t.Fatal(err)
			}
			before = held()
			ev, err := net.NewEvaluator(EvalOptions{Batch: c.batch, From: c.from})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := ev.Logits(x, c.batch); err != nil {
				t.Fatal(err)
			}
			check(t, "evaluation", held()-before, predicted, ev.g.Bytes())
			ev.Close()
			runtime.KeepAlive(x)
			runtime.KeepAlive(y)
		})
	}
}

func check(t *testing.T, what string, took, predicted, counted int64) {
	t.Helper()
	if predicted != counted {
		t.Errorf("%s: %d bytes predicted, the graph that was built has %d", what, predicted, counted)
	}
	// The nodes of the graph, and memory that products share, are not counted.
	if d := took - predicted; d < -predicted/50 || d > predicted/50+4<<20 {
		t.Errorf("%s took %d bytes, predicted were %d", what, took, predicted)
	}
}

func shippedResNet(t *testing.T) *Net {
	net, err := Load("../../../configs/quickstart/resnet8")
	if err != nil {
		t.Fatal(err)
	}
	return net
}

func wideMLP(t *testing.T) *Net {
	net, err := NewMLP(MLPConfig{Features: 500, Hidden: 2000, Layers: 2, Classes: 10}, 1)
	if err != nil {
		t.Fatal(err)
	}
	return net
}

// The same for texts, with MiniLM where it is at hand.
func TestBytesOfTextsArePredicted(t *testing.T) {
	net, err := Load(sharedDir(t, "data", "minilm"))
	if err != nil {
		t.Fatal(err)
	}
	const batch, length = 16, 64
	if err := net.SetMaxTokens(length); err != nil {
		t.Fatal(err)
	}
	trained := make([]bool, len(net.Blocks()))
	for k := range trained {
		trained[k] = true
	}
	o := TrainOptions{Batch: batch, Trained: trained, HiddenDropout: 0.1, AttentionDropout: 0.1}
	var x Text
	var y Target
	for range batch {
		for i := range length {
			x.IDs = append(x.IDs, int32(1000+i))
		}
		x.Lengths, y.Classes = append(x.Lengths, length), append(y.Classes, 0)
	}
	predicted, err := net.TrainBytes(o)
	if err != nil {
		t.Fatal(err)
	}
	before := held()
	tr, err := net.NewTrainer(o)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := tr.StepText(x, y, 0); err != nil {
		t.Fatal(err)
	}
	check(t, "training", held()-before, predicted, tr.g.Bytes())
	t.Logf("%d MiB", predicted>>20)
	tr.Close()
}
