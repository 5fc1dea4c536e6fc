package finetune

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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

// sentences writes a file of made-up sentences, with the colour each names.
func sentences(t *testing.T, rows int) string {
	t.Helper()
	texts, colours := finetunetest.Sentences(rows)
	file, err := os.Create(filepath.Join(t.TempDir(), "sentences.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	w := csv.NewWriter(file)
	_ = w.Write([]string{"sentence", "colour"})
	for i := range texts {
		_ = w.Write([]string{texts[i], colours[i]})
	}
	if w.Flush(); w.Error() != nil {
		t.Fatal(w.Error())
	}
	return file.Name()
}

// textOrder is a work order on sentences.
func textOrder(t *testing.T, to int, params ...trial.Param) protocol.Work {
	work := order(sentences(t, 60), 0, to, params...)
	work.Trainer = trial.TrainerSpec{Type: work.Trainer.Type, Task: trial.TextTask, Model: finetunetest.BERT(t),
		Data: &trial.DataSpec{Train: work.Trainer.Data.Train, Text: "sentence", Label: "colour"}}
	return work
}

// small are the models of texts that tests fine-tune.
var small = map[string]func(testing.TB) string{"bert": finetunetest.BERT, "gpt2": finetunetest.GPT2}

// Fewer and shorter texts than a graph of evaluation has room for are no fault.
func TestFewShortTexts(t *testing.T) {
	work := textOrder(t, 1)
	work.Trainer.Data.Train = filepath.Join(t.TempDir(), "few.csv")
	if err := os.WriteFile(work.Trainer.Data.Train, []byte("sentence,colour\nsun,red\n,red\nmoon,blue\n,blue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	work.Folds = trial.FoldPlan{K: 2, Split: trial.Stratified}
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 || len(f.reports()) != 1 {
		t.Errorf("exit %d, %d reports: %+v", code, len(f.reports()), f.failure())
	}
}

// TestCheckFindsATokenizerOfAnotherModel: its tokens are more than the network has embeddings for.
func TestCheckFindsATokenizerOfAnotherModel(t *testing.T) {
	work := textOrder(t, 1)
	words := append([]string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}, make([]string, 200)...)
	for i := range 200 {
		words[5+i] = fmt.Sprintf("none%d", i)
	}
	words = append(words, finetunetest.Words[5:]...)
	if err := os.WriteFile(filepath.Join(work.Trainer.Model, "vocab.txt"), []byte(strings.Join(words, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var e *data.Error
	if err := Check(work.Trainer, work.Folds, nil); !errors.As(err, &e) || e.Field != "trainer.model" || !strings.Contains(e.Msg, "where the network knows 0 to") {
		t.Errorf("%v", err)
	}
}

func TestFoldOfTexts(t *testing.T) {
	for name, folder := range small {
		t.Run(name, func(t *testing.T) { foldOfTexts(t, folder(t)) })
	}
}

func foldOfTexts(t *testing.T, folder string) {
	work := textOrder(t, 2, trial.Param{Name: "lr", Value: 3e-3}, trial.Param{Name: "freeze.strategy", Value: "partial"},
		trial.Param{Name: "freeze.depth", Value: 0.5})
	work.Trainer.Model = folder
	if err := Check(work.Trainer, work.Folds, nil); err != nil {
		t.Fatal(err)
	}
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	if n := len(f.reports()); n != 2 {
		t.Errorf("%d reports of 2 epochs", n)
	}
}

// TestRefitOfTexts reads the artifact back as the model folder it is, tokenizer included: it measures what the trainer said.
func TestRefitOfTexts(t *testing.T) {
	for name, folder := range small {
		t.Run(name, func(t *testing.T) { refitOfTexts(t, folder(t), trial.Param{Name: "lr", Value: 3e-3}) })
	}
}

func refitOfTexts(t *testing.T, folder string, params ...trial.Param) protocol.Work {
	t.Helper()
	work := textOrder(t, 2, params...)
	work.Trainer.Model = folder
	work.Phase, work.Fold, work.From.Fold, work.To.Fold = trial.Refit, -1, -1, -1
	work.Trainer.Data.Test = sentences(t, 30)
	work.ArtifactOut = t.TempDir()
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	artifact := f.heard[len(f.heard)-1].Artifact
	if artifact == nil {
		t.Fatalf("the last message is %+v, not the artifact", f.heard[len(f.heard)-1])
	}
	net, err := model.Load(work.ArtifactOut)
	if err != nil {
		t.Fatal(err)
	}
	cut, err := tokenizer.Load(work.ArtifactOut)
	if err != nil {
		t.Fatal(err)
	}
	table, err := data.ReadTest(trial.TextTask, *work.Trainer.Data, &data.Table{Classes: []string{"blue", "green", "red"}})
	if err != nil {
		t.Fatal(err)
	}
	tokens, err := table.Tokens(cut, net.MaxTokens())
	if err != nil {
		t.Fatal(err)
	}
	e, err := train.Evaluate(context.Background(), net, tokens, train.TargetOf(table, nil))
	if err != nil {
		t.Fatal(err)
	}
	want, _ := artifact.Metrics.Get("test_loss")
	if got, _ := e.Metrics("test_").Get("test_loss"); got != want {
		t.Errorf("the artifact has a test loss of %v, the trainer said %v", got, want)
	}
	return work
}
