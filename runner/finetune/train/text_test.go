package train

import (
	"context"
	"math"
	"reflect"
	"slices"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/finetunetest"
	"automl/runner/finetune/model"
	"automl/runner/finetune/prefix"
	"automl/runner/finetune/tokenizer"
	"automl/trial"
)

// sentences is a job on made-up sentences: their class is the colour they name, every one in a text of its own length.
func sentences(t *testing.T, rows int, params ...trial.Param) Job {
	t.Helper()
	options, err := ParseOptions(trial.TextTask, params)
	if err != nil {
		t.Fatal(err)
	}
	dir := finetunetest.BERT(t)
	net, err := model.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	cut, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	texts, colours := finetunetest.Sentences(rows)
	table := &data.Table{Kind: trial.Classification, Classes: []string{"red", "green", "blue"}, Lines: make([]int, rows), Texts: texts}
	for _, c := range colours {
		table.Y = append(table.Y, int32(slices.Index(table.Classes, c)))
	}
	tokens, err := table.Tokens(cut, options.MaxTokens)
	if err != nil {
		t.Fatal(err)
	}
	if err := net.SetMaxTokens(tokens.Longest()); err != nil {
		t.Fatal(err)
	}
	net.ReplaceHead(len(table.Classes), 1)
	job := Job{Cache: prefix.New(prefix.Options{}), Net: net, Inputs: tokens, Target: TargetOf(table, nil), Options: options, Epochs: 4, Seed: 1,
		Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize}}
	return held(job, rows)
}

func TestLearnsTexts(t *testing.T) {
	job := sentences(t, 120, p("lr", 5e-3), p("batch_size", int64(8)), p("hidden_dropout", 0.0), p("attention_dropout", 0.0))
	job.Epochs = 8
	curve := epochs(t, start(t, job), job.Epochs)
	if a := value(t, curve[job.Epochs-1], "val_accuracy"); a < 0.9 {
		t.Errorf("validation accuracy %v after %d epochs on 90 sentences", a, job.Epochs)
	}
}

func TestSameTextsSameBits(t *testing.T) {
	params := []trial.Param{p("lr", 3e-3), p("dropout", 0.2)} // and the dropout within layers
	one, two := sentences(t, 50, params...), sentences(t, 50, params...)
	if a, b := epochs(t, start(t, one), 2), epochs(t, start(t, two), 2); !reflect.DeepEqual(a, b) {
		t.Errorf("the same job gave %v and %v", a, b)
	}
	if names, _ := differing(one.Net, snapshot(two.Net)); len(names) > 0 {
		t.Errorf("tensors %v differ", names)
	}
}

// TestCacheOfTexts trains with frozen layers from cached activations, of tokens between layers and of texts below the head, and
// from the texts themselves.
func TestCacheOfTexts(t *testing.T) {
	for name, params := range map[string][]trial.Param{
		"head alone": {p("freeze.strategy", "head_only")},
		"top layer":  {p("freeze.strategy", "partial"), p("freeze.depth", 0.25)},
		"thawing":    {p("freeze.strategy", "gradual"), p("freeze.unfreeze_every", int64(1))},
	} {
		params = append(params, p("lr", 3e-3), p("batch_size", int64(7)))
		with, without := sentences(t, 40, params...), sentences(t, 40, params...)
		without.Cache = nil
		a, b := epochs(t, start(t, with), 3), epochs(t, start(t, without), 3)
		for e := range a {
			for _, metric := range []string{"train_loss", "val_loss"} {
				if x, y := value(t, a[e], metric), value(t, b[e], metric); math.Abs(x-y) > 1e-5 {
					t.Errorf("%s, epoch %d: %s %v with the cache, %v without", name, e+1, metric, x, y)
				}
			}
		}
	}
}

// TestSolvedHead is a fold of one epoch that leaves everything below the head as it was, and is better than training it.
func TestSolvedHead(t *testing.T) {
	job := sentences(t, 120, p("head", SolvedHead), p("head_c", 100.0))
	before := snapshot(job.Net)
	l := start(t, job)
	r, err := l.Epoch(context.Background(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Last {
		t.Error("the fold goes on")
	}
	if _, blocks := differing(job.Net, before); len(blocks) != 1 || !blocks[len(job.Net.Blocks())-1] {
		t.Errorf("blocks %v changed", blocks)
	}
	trained := epochs(t, start(t, sentences(t, 120, p("lr", 1e-2), p("freeze.strategy", "head_only"))), 4)
	if solved, by := value(t, r.Metrics, "train_loss"), value(t, trained[3], "train_loss"); !(solved < by) {
		t.Errorf("the loss of the solved head is %v, of the trained one %v", solved, by)
	}
	whole, err := Evaluate(context.Background(), job.Net, job.Inputs, job.Target)
	if err != nil {
		t.Fatal(err)
	}
	if a := value(t, whole.Metrics(""), "accuracy"); a < 0.6 {
		t.Errorf("the network has an accuracy of %v on all rows", a)
	}
}

// Weight decay is for matrices: not for biases, nor for the weights of layer norms.
func TestOnlyMatricesDecay(t *testing.T) {
	for _, p := range sentences(t, 8).Net.Params() {
		if p.Decay != (len(p.Shape) == 2) {
			t.Errorf("%s of shape %v: decay %v", p.Name, p.Shape, p.Decay)
		}
	}
}
