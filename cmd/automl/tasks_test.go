package main

import (
	"fmt"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/trial/view"
)

// taskSweep is a short search of the built-in trainer.
const taskSweep = `name: task
objective: {metric: METRIC}
parameters:
  lr: {type: float, low: 3e-3, high: 3e-2, log: true}
epochs: {max: 6, grace: 2}
scheduler: fifo
budget: {trials: 2}
FOLDS
trainer: {type: builtin, task: TASK, model: MODEL, data: DATA}
seed: 1
`

// Numbers, several labels and image files, from the sweep file to the finished model.
func TestRunTasks(t *testing.T) {
	root := t.TempDir()
	put := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var numbers, labels, images strings.Builder
	numbers.WriteString("a\tb\ty\twho\n")
	images.WriteString("file,colour\n")
	for i := range 90 {
		a, b := float64(i%10), float64(i*7%9)
		fmt.Fprintf(&numbers, "%v\t%v\t%v\tw%d\n", a, b, 1000+30*a-20*b, i%3)
		list := []string{}
		if a > 4 {
			list = append(list, `"big"`)
		}
		if b > 3 {
			list = append(list, `"far"`)
		}
		fmt.Fprintf(&labels, `{"a": %v, "b": %v, "tags": [%s]}`+"\n", a, b, strings.Join(list, ","))
	}
	for i := range 30 {
		name, colour := fmt.Sprintf("%d.png", i), []color.RGBA{{R: 200, A: 255}, {B: 200, A: 255}}[i%2]
		img := image.NewRGBA(image.Rect(0, 0, 12, 9))
		for p := range 12 * 9 {
			img.Set(p%12, p/12, color.RGBA{R: colour.R, G: uint8(p + i), B: colour.B, A: 255})
		}
		var b strings.Builder
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		put(name, b.String())
		fmt.Fprintf(&images, "%s,%s\n", name, []string{"red", "blue"}[i%2])
	}
	put("numbers.tsv", numbers.String())
	put("labels.jsonl", labels.String())
	put("images.csv", images.String())
	resnet, err := filepath.Abs("../../configs/quickstart/resnet8")
	if err != nil {
		t.Fatal(err)
	}
	vit, err := filepath.Abs("../../runner/finetune/model/testdata/vit")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		task, metric, folds, model, data string
		good                             func(value float64) bool
	}{
		{"tabular-regression", "val_rmse, goal: minimize", "folds: {k: 3, split: group, column: who}", "mlp", "{train: numbers.tsv, label: y}",
			func(v float64) bool { return v > 0 && v < 100 }}, // the numbers' deviation is 100
		{"tabular-multilabel", "val_roc_auc, goal: maximize", "folds: 3", "mlp", "{train: labels.jsonl, label: tags}",
			func(v float64) bool { return v > 0.8 && v <= 1 }},
		{"image-classification", "val_mcc, goal: maximize", "folds: 2", resnet, "{train: images.csv, test: images.csv, label: colour, image: {path: file, size: 8}}",
			func(v float64) bool { return v > 0.5 && v <= 1 }},
		{"image-classification", "val_accuracy, goal: maximize", "folds: 2", vit, "{train: images.csv, test: images.csv, label: colour, image: {path: file, size: 16}}",
			func(v float64) bool { return v > 0.7 && v <= 1 }},
	} {
		t.Run(c.task, func(t *testing.T) {
			s := newSite(t, "", "")
			s.sweep = filepath.Join(root, c.task+".yaml")
			put(c.task+".yaml", strings.NewReplacer("METRIC", c.metric, "FOLDS", c.folds, "TASK", c.task, "MODEL", c.model, "DATA", c.data).Replace(taskSweep))
			s.ok("run", s.sweep)
			best := decodeJSON[view.Best](t, s.ok("best", "-o", "json").out)
			if !c.good(best.Value) {
				t.Errorf("the winner's %s is %v", c.metric, best.Value)
			}
			if _, err := os.Stat(filepath.Join(best.Artifact, "model.safetensors")); err != nil {
				t.Errorf("the model: %v", err)
			}
		})
	}
}
