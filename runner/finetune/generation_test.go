package finetune

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/finetunetest"
	"automl/runner/finetune/model"
	"automl/runner/finetune/tokenizer"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// generationOrder is a work order on sentences whose next tokens are to be predicted, in blocks of at most 16.
func generationOrder(t *testing.T, to int, params ...trial.Param) protocol.Work {
	work := textOrder(t, to, append(params, trial.Param{Name: "max_tokens", Value: int64(16)}, trial.Param{Name: "lr", Value: 1e-2})...)
	work.Trainer.Task, work.Trainer.Model, work.Trainer.Data.Label = trial.GenerationTask, finetunetest.GPT2(t), ""
	work.Objective = trial.Objective{Metric: "val_perplexity", Goal: trial.Minimize}
	work.Folds.Split, work.Epochs = trial.Plain, to
	return work
}

func TestGenerationIsLearned(t *testing.T) {
	work := generationOrder(t, 10)
	if err := Check(work.Trainer, work.Folds, []string{"lr", "max_tokens", "freeze"}); err != nil {
		t.Fatal(err)
	}
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	r := f.reports()
	if len(r) != 10 {
		t.Fatalf("%d reports of 10 epochs", len(r))
	}
	first, _ := r[0].Metrics.Get("val_perplexity")
	last, _ := r[9].Metrics.Get("val_perplexity")
	loss, _ := r[9].Metrics.Get("val_loss")
	right, _ := r[9].Metrics.Get("val_accuracy")
	training, _ := r[9].Metrics.Get("train_loss")
	// 30 tokens; within a word, most are certain.
	if !(last < first && last < 12 && right > 0.3 && training > 0) || math.Abs(math.Exp(loss)-last) > 1e-9*last {
		t.Errorf("perplexity %v after the first epoch, %v after the last (loss %v, training loss %v, accuracy %v)", first, last, loss, training, right)
	}
	for i, m := range Metrics(work.Trainer) {
		if r[9].Metrics[i].Name != m.Name {
			t.Errorf("metric %d is %s, %s is announced", i, r[5].Metrics[i].Name, m.Name)
		}
	}
}

// Frozen blocks are cached, in memory or on disk: the losses are the same.
func TestGenerationUnfreezes(t *testing.T) {
	work := generationOrder(t, 3, trial.Param{Name: "freeze.strategy", Value: "gradual"}, trial.Param{Name: "freeze.depth", Value: 0.5})
	memory, err := Curve(context.Background(), work)
	if err != nil {
		t.Fatal(err)
	}
	work.Cache = &protocol.Cache{Dir: t.TempDir(), Bytes: 1 << 30}
	disk, err := Curve(context.Background(), work)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(memory, disk) || len(memory) != 3 {
		t.Errorf("%v, and on disk %v", memory, disk)
	}
}

// TestRefitOfGeneration reads the artifact back as the model folder it is.
func TestRefitOfGeneration(t *testing.T) {
	work := whole(generationOrder(t, 2), t)
	work.Trainer.Data.Test = sentences(t, 30)
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	var config map[string]any
	readArtifact(t, work, configFile, &config)
	if got := config["architectures"]; !reflect.DeepEqual(got, []any{"GPT2LMHeadModel"}) {
		t.Errorf("architectures %v", got)
	}
	net, err := model.LoadLanguageModel(work.ArtifactOut)
	if err != nil {
		t.Fatal(err)
	}
	cut, err := tokenizer.Load(work.ArtifactOut)
	if err != nil {
		t.Fatal(err)
	}
	table, err := data.ReadTest(work.Trainer.Task, *work.Trainer.Data, &data.Table{})
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := table.Blocks(cut, 16)
	if err != nil {
		t.Fatal(err)
	}
	e, err := train.Evaluate(context.Background(), net, blocks, train.Next(blocks))
	if err != nil {
		t.Fatal(err)
	}
	want := e.Metrics("test_")
	if got := f.heard[len(f.heard)-1].Artifact.Metrics; !reflect.DeepEqual(got[:len(want)], want) {
		t.Errorf("the trainer measured %v, the model read back %v", got, want)
	}
}

// A fold whose texts are all of one token says what is missing; a classifier takes such texts.
func TestFoldWithNothingToPredict(t *testing.T) {
	work := generationOrder(t, 1)
	if end, err := tokenizer.Load(work.Trainer.Model); err != nil {
		t.Fatal(err)
	} else if _, ok := end.End(); !ok {
		t.Fatal("the tokenizer has no end")
	}
	work.Trainer.Data.Train = filepath.Join(t.TempDir(), "few.csv")
	if err := os.WriteFile(work.Trainer.Data.Train, []byte("sentence,part\n,a\n,a\nsun moon,b\nred car,b\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	work.Folds = trial.FoldPlan{K: 2, Split: trial.Fixed, Column: "part"}
	for fold, want := range []string{"no text to measure with two tokens", "no text to train on with two tokens"} {
		work.Fold, work.From.Fold, work.To.Fold = fold, fold, fold
		var f fakeRunner
		if code := f.run(t, context.Background(), work); code == 0 || !strings.Contains(fmt.Sprintf("%+v", f.failure()), want) {
			t.Errorf("fold %d: exit %d: %+v", fold, code, f.failure())
		}
	}
}

func TestGenerationNeedsALanguageModel(t *testing.T) {
	work := generationOrder(t, 1)
	for want, change := range map[string]func(s *trial.TrainerSpec){
		`"bert" does not predict next tokens`: func(s *trial.TrainerSpec) { s.Model = finetunetest.BERT(t) },
		"learns the text itself":              func(s *trial.TrainerSpec) { d := *s.Data; d.Label, s.Data = "colour", &d },
		"one text a row":                      func(s *trial.TrainerSpec) { d := *s.Data; d.TextPair, s.Data = "colour", &d },
	} {
		spec := work.Trainer
		change(&spec)
		var e *data.Error
		if err := Check(spec, work.Folds, nil); !errors.As(err, &e) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	if err := Check(work.Trainer, work.Folds, []string{"augment_mask"}); err == nil || !strings.Contains(err.Error(), "no such parameter") {
		t.Errorf("augment_mask: %v", err)
	}
}
