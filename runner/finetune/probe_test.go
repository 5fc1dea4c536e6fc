package finetune

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/finetunetest"
	"automl/runner/finetune/train"
	"automl/trial"
)

func TestProbeHasWhatIsFixed(t *testing.T) {
	fixed := trial.Params{{Name: "max_tokens", Value: int64(64)}, {Name: "head", Value: "trained"}, {Name: "freeze.strategy", Value: "full"}}
	p := Probe(trial.TextTask, fixed)
	if o, err := train.ParseOptions(trial.TextTask, p); err != nil || o.Head != train.SolvedHead || o.MaxTokens != 64 || o.Freeze.Strategy != trial.HeadOnly {
		t.Errorf("%v gives %+v, %v", p, o, err)
	}
	for _, task := range Tasks() {
		if got := Probe(task, nil) != nil; got == (trial.TableRows.HasTask(task) || task == trial.GenerationTask) {
			t.Errorf("task %s has a probe: %v", task, got)
		}
	}
}

func TestInnerFolds(t *testing.T) {
	keys := make([]string, 60)
	for i := range keys {
		keys[i] = string(rune('a' + i/10))
	}
	rows := make([]int, 0, 40)
	for i := range 60 {
		if i/10 < 4 {
			rows = append(rows, i)
		}
	}
	for split, folds := range map[trial.SplitKind]int{trial.Stratified: 3, trial.Plain: 3, trial.Group: 3, trial.Fixed: 4} {
		got := innerFolds(trial.FoldPlan{K: 5, Split: split, Seed: 1}, keys, rows)
		held := map[int]int{}
		for _, f := range got {
			if len(f.Train)+len(f.Valid) != len(rows) {
				t.Errorf("%s: %d and %d of %d rows", split, len(f.Train), len(f.Valid), len(rows))
			}
			for _, r := range f.Valid {
				held[r]++
			}
		}
		if len(got) != folds || len(held) != len(rows) {
			t.Errorf("%s: %d folds hold out %d rows", split, len(got), len(held))
		}
	}
	if got := innerFolds(trial.FoldPlan{K: 5, Split: trial.Plain}, keys, rows[:2]); got != nil {
		t.Errorf("two rows are cut into %v", got)
	}
	if got := innerFolds(trial.FoldPlan{K: 1, Split: trial.Fixed}, make([]string, 60), rows); len(got) != 3 {
		t.Errorf("rows that always train are cut into %d folds", len(got))
	}
}

// TestCheckFindsWhatAFoldCannotMeasure refuses an objective before anything trains.
func TestCheckFindsWhatAFoldCannotMeasure(t *testing.T) {
	dir := t.TempDir()
	rows := "x,y,part\n"
	for i := range 12 {
		rows += []string{"1,no,a\n", "2,yes,b\n"}[i%2]
	}
	file := filepath.Join(dir, "rows.csv")
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	s := trial.TrainerSpec{Type: "builtin", Task: trial.TableTask, Model: trial.MLP, Data: &trial.DataSpec{Train: file, Label: "y"}}
	auc := trial.Objective{Metric: "val_roc_auc", Goal: trial.Maximize}
	loss := trial.Objective{Metric: "val_loss", Goal: trial.Minimize}
	parts := trial.FoldPlan{K: 2, Split: trial.Fixed, Column: "part"}
	err := Check(s, parts, nil, loss, auc)
	var e *data.Error
	if !errors.As(err, &e) || e.Field != "objective[1].metric" || !strings.Contains(e.Msg, "val_roc_auc has no value on the validation rows of fold 0: its rows are all of one class") {
		t.Errorf("%v", err)
	}
	if err := Check(s, parts, nil, auc); !errors.As(err, &e) || e.Field != "objective.metric" {
		t.Errorf("%v", err)
	}
	if err := Check(s, parts, nil, loss); err != nil {
		t.Error(err)
	}
	if err := Check(s, trial.FoldPlan{K: 2, Split: trial.Stratified}, nil, auc); err != nil {
		t.Error(err)
	}
}

// TestCheckFindsAMaskThatIsMissing: a tokenizer without a mask token cannot hide tokens.
func TestCheckFindsAMaskThatIsMissing(t *testing.T) {
	dir := finetunetest.BERT(t)
	texts, colours := finetunetest.Sentences(30)
	rows := "text,label\n"
	for i := range texts {
		rows += `"` + texts[i] + `",` + colours[i] + "\n"
	}
	file := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	s := trial.TrainerSpec{Type: "builtin", Task: trial.TextTask, Model: dir, Data: &trial.DataSpec{Train: file, Text: "text", Label: "label"}}
	if err := Check(s, plain, []string{"augment_mask"}); err != nil {
		t.Error(err)
	}
	words := strings.ReplaceAll(strings.Join(finetunetest.Words, "\n"), "[MASK]", "gap")
	if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte(words+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var e *data.Error
	if err := Check(s, plain, []string{"augment_mask"}); !errors.As(err, &e) || e.Field != "parameters.augment_mask" {
		t.Errorf("a tokenizer without a mask token: %v", err)
	}
	if err := Check(s, plain, []string{"augment_drop"}); err != nil {
		t.Error(err)
	}
}
