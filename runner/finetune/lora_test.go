package finetune

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/runner/finetune/safetensors"
	"automl/trial"
)

// loraParams update a part of the top two thirds of a network; the average of weights goes along.
func loraParams() []trial.Param {
	return []trial.Param{{Name: "lora_rank", Value: int64(4)}, {Name: "lora_targets", Value: "all"}, {Name: "lora_dropout", Value: 0.2}, {Name: "lr", Value: 1e-2},
		{Name: "freeze.strategy", Value: "partial"}, {Name: "freeze.depth", Value: 0.7}, {Name: "ema_decay", Value: 0.5}}
}

// A trial with updates pauses and goes on to the same bits; its checkpoint leaves out what stays as it is.
func TestLoRAResumes(t *testing.T) {
	work := textOrder(t, 3, loraParams()...)
	work.Epochs = 3
	whole, err := Curve(context.Background(), work)
	if err != nil {
		t.Fatal(err)
	}
	work.To.Epoch = 1
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	file, err := safetensors.Read(filepath.Join(f.kept, "checkpoint.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range file.Tensors {
		if strings.HasPrefix(x.Name, "weight/") && !strings.Contains(x.Name, "lora_") && !strings.Contains(x.Name, "classifier") {
			t.Errorf("the checkpoint holds %s", x.Name)
		}
	}
	work.From.Epoch, work.To.Epoch, work.CheckpointIn = 1, 3, f.kept
	var again fakeRunner
	if code := again.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, again.failure())
	}
	for i, r := range again.reports() {
		want, _ := whole[i+1].Get("val_loss")
		if got, _ := r.Metrics.Get("val_loss"); got != want {
			t.Errorf("epoch %d: loss %v after a pause, %v without", r.Epoch, got, want)
		}
	}
	first, _ := whole[0].Get("train_loss")
	if last, _ := whole[2].Get("train_loss"); !(last < first) {
		t.Errorf("the loss went from %v to %v", first, last)
	}
}

// TestRefitOfLoRA sees that the artifact is a folder as any other, with what was measured.
func TestRefitOfLoRA(t *testing.T) {
	for name, folder := range small {
		t.Run(name, func(t *testing.T) {
			work := refitOfTexts(t, folder(t), loraParams()...)
			file, err := safetensors.Read(filepath.Join(work.ArtifactOut, weightsFile))
			if err != nil {
				t.Fatal(err)
			}
			for _, x := range file.Tensors {
				if strings.Contains(x.Name, "lora") {
					t.Errorf("the artifact holds %s", x.Name)
				}
			}
			if _, err := os.Stat(filepath.Join(work.ArtifactOut, metricsFile)); err != nil {
				t.Error(err)
			}
		})
	}
}
