package finetune

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/finetunetest"
	"automl/trial"
)

// plain cuts rows into folds that no data can fail.
var plain = trial.FoldPlan{K: 1, Split: trial.Plain}

func TestCheckAcceptsTheQuickStart(t *testing.T) {
	s := spec(quickstart + "digits/digits.csv.gz")
	if err := Check(s, trial.FoldPlan{K: 5, Split: trial.Stratified}, []string{"lr", "freeze", "freeze.depth", "batch_size"}); err != nil {
		t.Error(err)
	}
	s.Data.Image.Size = 0 // the model's own
	if err := Check(s, plain, nil); err != nil {
		t.Error(err)
	}
}

func TestCheckNamesTheField(t *testing.T) {
	empty := t.TempDir()
	pickled := t.TempDir()
	if err := os.WriteFile(filepath.Join(pickled, "pytorch_model.bin"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	strange := t.TempDir()
	if err := os.WriteFile(filepath.Join(strange, "config.json"), []byte(`{"model_type": "gpt"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		change func(*trial.TrainerSpec)
		params []string
		field  string
		text   string
	}{
		{func(s *trial.TrainerSpec) { s.Task = "image-poetry" }, nil, "trainer.task", "supported: image-classification"},
		{func(s *trial.TrainerSpec) { s.Task, s.Data.Text = trial.TextTask, "p0" }, nil, "trainer.model", "does not read texts"},
		{func(s *trial.TrainerSpec) { s.Model = finetunetest.BERT(t) }, nil, "trainer.model", "reads texts, not images"},
		{func(s *trial.TrainerSpec) { s.Task = "" }, nil, "trainer.task", "supported: image-classification"},
		{func(s *trial.TrainerSpec) { s.Data = nil }, nil, "trainer.data", "needs data"},
		{func(s *trial.TrainerSpec) { s.Model = "" }, nil, "trainer.model", "config.json"},
		{func(s *trial.TrainerSpec) { s.Model = empty }, nil, "trainer.model", "a model is a folder with config.json"},
		{func(s *trial.TrainerSpec) { s.Model = pickled }, nil, "trainer.model", "are never read"},
		{func(s *trial.TrainerSpec) { s.Model = strange }, nil, "trainer.model", "gpt"},
		{func(s *trial.TrainerSpec) { s.Data.Label = "digit" }, nil, "trainer.data.label", "label"},
		{func(s *trial.TrainerSpec) { s.Data.Image.Channels, s.Data.Image.Height = 3, 4 }, nil, "trainer.data.image.pixels", "96 pixels"},
		{func(*trial.TrainerSpec) {}, []string{"lr", "lora_rank"}, "parameters.lora_rank", "no layers that LoRA updates"},
		{func(*trial.TrainerSpec) {}, []string{"freeze.strategy", "freeze.lora_rank"}, "parameters.freeze", "no layers that LoRA updates"},
		{func(*trial.TrainerSpec) {}, []string{"lr", "learning_rate"}, "parameters.learning_rate", "known are: lr"},
	} {
		s := spec(quickstart + "digits/digits.csv.gz")
		c.change(&s)
		err := Check(s, plain, c.params)
		var e *data.Error
		if !errors.As(err, &e) || e.Field != c.field || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.field, err)
		}
	}
	if err := Check(spec(quickstart+"digits/digits.csv.gz"), trial.FoldPlan{K: 1000, Split: trial.Stratified}, nil); err == nil {
		t.Error("a thousand folds of a hundred rows a class")
	}
}

func TestCheckValue(t *testing.T) {
	for _, c := range []struct {
		name  string
		value any
		text  string
	}{
		{"ema_decay", 0.99, ""}, {"optimizer", "lion", ""}, {"head_lr", 1e-2, ""}, {"lr_schedule", "one_cycle", ""},
		{"ema_decay", 1.0, "parameters.ema_decay: 1 is not allowed"}, {"optimizer", "adam", "adamw, sgd, lion, adafactor"},
		{"head_lr", 0.0, "above 0"}, {"batch_size", int64(0), "from 1 up"},
	} {
		err := CheckValue(trial.ImageTask, c.name, c.value)
		var e *data.Error
		if c.text == "" && err != nil || c.text != "" && (!errors.As(err, &e) || e.Field != "parameters."+c.name || !strings.Contains(err.Error(), c.text)) {
			t.Errorf("%s %v: %v", c.name, c.value, err)
		}
	}
}

func TestLists(t *testing.T) {
	if p := Params(trial.ImageTask); p[0].Name != "lr" || p[0].Default != "0.001" {
		t.Errorf("params %+v", p)
	}
}

func TestCheckObjective(t *testing.T) {
	s := spec("")
	for _, m := range Metrics(s) {
		if err := CheckObjective(s, trial.Objective{Metric: m.Name, Goal: m.Goal}); err != nil {
			t.Error(err)
		}
	}
	for _, c := range []struct {
		metric string
		goal   trial.Goal
		field  string
		text   string
	}{
		{"val_acuracy", trial.Maximize, "objective.metric", "did you mean val_accuracy? it has val_accuracy, val_balanced_accuracy"},
		{"roc_auc", trial.Maximize, "objective.metric", "did you mean val_roc_auc?"},
		{"val_f1_macro", trial.Maximize, "objective.metric", "did you mean val_f1?"},
		{"log_loss", trial.Minimize, "objective.metric", "did you mean val_loss?"},
		{"val_mse", trial.Minimize, "objective.metric", `task image-classification has no metric "val_mse"`},
		{"val_worst_group_accuracy", trial.Maximize, "objective.metric", "has no metric"},
		{"val_loss", trial.Maximize, "objective.goal", "val_loss is not to be maximized (goal: minimize (log loss"},
	} {
		err := CheckObjective(s, trial.Objective{Metric: c.metric, Goal: c.goal})
		var e *data.Error
		if !errors.As(err, &e) || e.Field != c.field || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v", c.metric, err)
		}
	}
}
