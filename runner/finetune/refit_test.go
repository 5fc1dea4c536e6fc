package finetune

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

func refitOrder(t *testing.T) protocol.Work {
	work := order(few(t, 0, 80), 0, 2, trial.Param{Name: "lr", Value: 3e-3})
	work.Phase, work.Fold, work.From.Fold, work.To.Fold = trial.Refit, -1, -1, -1
	work.Trainer.Data.Test = few(t, 100, 40)
	work.ArtifactOut = t.TempDir()
	return work
}

// The artifact is a model folder: read back, it measures on the test rows what the trainer said.
func TestRefitLeavesAModelThatCanBeReadBack(t *testing.T) {
	work := refitOrder(t)
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	if len(f.reports()) != 0 || f.taken != 0 || f.lines == 0 {
		t.Errorf("%d reports, %d checkpoints, %d lines of progress", len(f.reports()), f.taken, f.lines)
	}
	artifact := f.heard[len(f.heard)-1].Artifact
	if artifact == nil {
		t.Fatalf("the last message is %+v, not the artifact", f.heard[len(f.heard)-1])
	}
	net, err := model.Load(work.ArtifactOut)
	if err != nil {
		t.Fatal(err)
	}
	if _, h, w := net.InputShape(); h != 16 || w != 16 {
		t.Errorf("input %dx%d, want 16x16", h, w)
	}
	classes := []string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
	table, err := data.ReadTest(trial.ImageTask, *work.Trainer.Data, &data.Table{Classes: classes})
	if err != nil {
		t.Fatal(err)
	}
	input, err := sized(net, work.Trainer.Data.Image)
	if err != nil {
		t.Fatal(err)
	}
	images, err := table.Images(input)
	if err != nil {
		t.Fatal(err)
	}
	e, err := train.Evaluate(context.Background(), net, images, train.TargetOf(table, nil))
	if err != nil {
		t.Fatal(err)
	}
	if want := e.Metrics("test_"); !reflect.DeepEqual(artifact.Metrics[:len(want)], want) {
		t.Errorf("the trainer measured %v, the model read back %v", artifact.Metrics, want)
	}
	if _, ok := artifact.Metrics.Get("train_loss"); !ok {
		t.Errorf("no training loss in %v", artifact.Metrics)
	}
}

func TestRefitDescribesTheModel(t *testing.T) {
	work := refitOrder(t)
	work.To.Epoch, work.Trainer.Data.Test = 1, ""
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	var config struct {
		Classes       []string
		Preprocessing struct {
			Task, Label string
			Image       trial.ImageSpec
		}
	}
	var about provenance
	for file, v := range map[string]any{configFile: &config, metricsFile: &about} {
		raw, err := os.ReadFile(filepath.Join(work.ArtifactOut, file))
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, v); err != nil {
			t.Fatal(err)
		}
	}
	if len(config.Classes) != 10 || config.Classes[9] != "9" {
		t.Errorf("classes %v", config.Classes)
	}
	if p := config.Preprocessing; p.Label != "label" || p.Image != (trial.ImageSpec{Pixels: "p*", Height: 8, Width: 8, Channels: 1, Max: 16, Size: 16}) {
		t.Errorf("preprocessing %+v", p)
	}
	if about.Study != "digits" || about.Trial != 3 || about.Rows != 80 || about.Epochs != 1 || !about.Params.Equal(work.Params) || about.Confusion != nil {
		t.Errorf("metrics.json: %+v", about)
	}
}
