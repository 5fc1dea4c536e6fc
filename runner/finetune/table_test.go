package finetune

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// tumours is the table that ships with configs/tabular.yaml.
const tumours = "../../configs/tabular/breast_cancer.csv.gz"

// tableOrder is a work order for fold 0 of a table.
func tableOrder(file string, from, to int, params ...trial.Param) protocol.Work {
	return protocol.Work{
		Study: "s", Name: "table", Trial: 3, Attempt: 1, Phase: trial.Search, Seed: 5, Threads: 1, Epochs: 4,
		Params:    append(trial.Params{{Name: "lr", Value: 0.01}, {Name: "dropout", Value: 0.2}}, params...),
		Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize},
		Folds:     trial.FoldPlan{K: 3, Split: trial.Stratified, Seed: 5},
		From:      trial.Resource{Epoch: from}, To: trial.Resource{Epoch: to},
		Trainer: trial.TrainerSpec{Type: "builtin", Task: trial.TableTask, Model: trial.MLP,
			Data: &trial.DataSpec{Train: file, Label: "target", Table: &trial.TableSpec{}}},
	}
}

// Of 569 tumours 63% are benign: what always says so is right that often.
func TestTableIsLearned(t *testing.T) {
	var f fakeRunner
	if code := f.run(t, context.Background(), tableOrder(tumours, 0, 4)); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	r := f.reports()
	if got, _ := r[len(r)-1].Metrics.Get("val_accuracy"); len(r) != 4 || got < 0.93 {
		t.Errorf("%d reports, accuracy %v", len(r), got)
	}
	again, err := Curve(context.Background(), tableOrder(tumours, 0, 4))
	if err != nil || !reflect.DeepEqual(again, metrics(r)) {
		t.Errorf("the curve is %v, the process reported %v; %v", again, metrics(r), err)
	}
}

func TestTablePauseAndResume(t *testing.T) {
	var whole, first, second fakeRunner
	whole.run(t, context.Background(), tableOrder(tumours, 0, 4))
	first.decide = func(r protocol.Report) trial.Verb {
		if r.Epoch == 2 {
			return trial.Pause
		}
		return trial.Continue
	}
	first.run(t, context.Background(), tableOrder(tumours, 0, 4))
	work := tableOrder(tumours, 2, 4)
	work.CheckpointIn, work.Folds.Hash = first.kept, first.heard[0].Folds.Hash
	if code := second.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, second.failure())
	}
	if got, want := metrics(append(first.reports(), second.reports()...)), metrics(whole.reports()); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// made writes rows whose class is a rule of a number with gaps and a category: half of either class, nothing in either column
// alone tells more than two thirds of them.
func made(t *testing.T, seed uint64, n int) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, seed))
	var b strings.Builder
	b.WriteString("id,size,colour,target\n")
	for i := range n {
		size, colour := rng.NormFloat64(), []string{"red", "green"}[rng.IntN(2)]
		class, text := "in", fmt.Sprintf("%.4f", 1000+50*size)
		if (size > 0) == (colour == "red") {
			class = "out"
		}
		if rng.IntN(20) == 0 {
			text = "NA"
		}
		fmt.Fprintf(&b, "%d,%s,%s,%s\n", i, text, colour, class)
	}
	file := filepath.Join(t.TempDir(), "made.csv")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// The artifact is a model folder with everything that a row needs to become an input: read back, it measures what was reported.
func TestTableRefit(t *testing.T) {
	work := tableOrder(made(t, 1, 400), 0, 30, trial.Param{Name: "hidden", Value: int64(16)})
	work.Phase, work.Fold, work.From.Fold, work.To.Fold, work.Epochs = trial.Refit, -1, -1, -1, 30
	work.Trainer.Data.Test, work.Trainer.Data.Table.Drop = made(t, 2, 200), []string{"id"}
	work.ArtifactOut = t.TempDir()
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	reported := f.heard[len(f.heard)-1].Artifact.Metrics
	if got, _ := reported.Get("test_accuracy"); got < 0.9 {
		t.Errorf("test accuracy %v: the rule was not learned", got)
	}
	var config struct {
		Classes       []string
		Preprocessing struct{ Columns data.Encoder }
	}
	raw, err := os.ReadFile(filepath.Join(work.ArtifactOut, configFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &config); err != nil {
		t.Fatal(err)
	}
	net, err := model.Load(work.ArtifactOut)
	if err != nil {
		t.Fatal(err)
	}
	training, err := data.Read(trial.TableTask, *work.Trainer.Data, work.Folds)
	if err != nil {
		t.Fatal(err)
	}
	table, err := data.ReadTest(trial.TableTask, *work.Trainer.Data, training)
	if err != nil {
		t.Fatal(err)
	}
	e, err := train.Evaluate(context.Background(), net, config.Preprocessing.Columns.Encode(table), train.TargetOf(table, nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := e.Metrics("test_"); !reflect.DeepEqual(reported[:len(want)], want) {
		t.Errorf("the trainer measured %v, the model read back %v", reported, want)
	}
}

func TestTableCheck(t *testing.T) {
	good := func() trial.TrainerSpec { return tableOrder(tumours, 0, 1).Trainer }
	if err := Check(good(), trial.FoldPlan{K: 5, Split: trial.Stratified}, []string{"lr", "hidden", "layers", "dropout", "momentum"}); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		change func(*trial.TrainerSpec)
		param  string
		field  string
		text   string
	}{
		{func(s *trial.TrainerSpec) { s.Model = "resnet8" }, "lr", "trainer.model", "model: mlp"},
		{func(s *trial.TrainerSpec) { s.Data.Image = &trial.ImageSpec{} }, "lr", "trainer.data.image", "no images"},
		{func(s *trial.TrainerSpec) { s.Data.Label = "targt" }, "lr", "trainer.data.label", `did you mean "target"?`},
		{func(*trial.TrainerSpec) {}, "freeze", "parameters.freeze", "from scratch"},
		{func(*trial.TrainerSpec) {}, "freeze.strategy", "parameters.freeze", "from scratch"},
		{func(*trial.TrainerSpec) {}, "augment_flip", "parameters.augment_flip", "tabular-classification has no such parameter"},
		{func(*trial.TrainerSpec) {}, "hiden", "parameters.hiden", "did you mean hidden?"},
		{func(s *trial.TrainerSpec) { *s = spec(quickstart + "digits/digits.csv.gz") }, "hidden", "parameters.hidden", "image-classification has no such parameter"},
		{func(s *trial.TrainerSpec) {
			*s = spec(quickstart + "digits/digits.csv.gz")
			s.Data.Table = &trial.TableSpec{}
		}, "lr", "trainer.data.table", "no table"},
	} {
		s := good()
		c.change(&s)
		err := Check(s, plain, []string{c.param})
		var e *data.Error
		if !errors.As(err, &e) || e.Field != c.field || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.field, err)
		}
	}
}
