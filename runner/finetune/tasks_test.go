package finetune

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/jpeg"
	"image/png"
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

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// prices writes rows whose number follows from two others and a category, with a little noise: far from 0, so that a network
// learns it only when it is standardized. Groups differ in nothing.
func prices(t *testing.T, seed uint64, n int) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, seed))
	var b strings.Builder
	b.WriteString("area\trooms\ttown\tprice\tsource\n")
	for range n {
		area, rooms, town := 50+100*rng.Float64(), 1+rng.IntN(5), rng.IntN(2)
		price := 200000 + 3000*area + 10000*float64(rooms) + 50000*float64(town) + 5000*rng.NormFloat64()
		fmt.Fprintf(&b, "%.1f\t%d\t%s\t%.0f\t%s\n", area, rooms, []string{"Ulm", "Bern"}[town], price, []string{"web", "paper"}[rng.IntN(2)])
	}
	return write(t, "prices.tsv", b.String())
}

// whole is a work order of a refit.
func whole(w protocol.Work, t *testing.T) protocol.Work {
	w.Phase, w.Fold, w.From.Fold, w.To.Fold, w.Epochs, w.ArtifactOut = trial.Refit, -1, -1, -1, w.To.Epoch, t.TempDir()
	return w
}

func priceOrder(t *testing.T, epochs int) protocol.Work {
	work := tableOrder(prices(t, 1, 300), 0, epochs, trial.Param{Name: "layers", Value: int64(1)}, trial.Param{Name: "dropout", Value: 0.0})
	work.Params[1].Value = 0.0
	work.Params = work.Params[:len(work.Params)-1]
	work.Trainer.Task, work.Epochs = "tabular-regression", epochs
	work.Trainer.Data.Label, work.Trainer.Data.Group = "price", "source"
	work.Objective = trial.Objective{Metric: "val_r2", Goal: trial.Maximize}
	return work
}

func TestRegressionIsLearned(t *testing.T) {
	var f fakeRunner
	work := priceOrder(t, 15)
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	r := f.reports()
	last := r[len(r)-1].Metrics
	for i, m := range Metrics(work.Trainer) {
		if last[i].Name != m.Name {
			t.Errorf("metric %d is %s, %s is announced", i, last[i].Name, m.Name)
		}
	}
	r2, _ := last.Get("val_r2")
	rmse, _ := last.Get("val_rmse")
	worst, _ := last.Get("val_worst_group_mse")
	// The noise alone is 5,000, the spread of prices some 90,000.
	if r2 < 0.97 || rmse > 16000 || rmse < 3000 || worst < rmse*rmse {
		t.Errorf("R2 %v, root mean squared error %v, worst group's squared %v", r2, rmse, worst)
	}
}

// What the finished model says, standardized back, is what was reported of the test rows.
func TestRegressionRefit(t *testing.T) {
	work := whole(priceOrder(t, 10), t)
	work.Trainer.Data.Test = prices(t, 2, 100)
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	var config struct {
		Preprocessing struct {
			Columns data.Encoder
			Target  struct{ Mean, Std float64 }
		}
	}
	readArtifact(t, work, configFile, &config)
	net, err := model.Load(work.ArtifactOut)
	if err != nil {
		t.Fatal(err)
	}
	training, err := data.Read(work.Trainer.Task, *work.Trainer.Data, work.Folds)
	if err != nil {
		t.Fatal(err)
	}
	table, err := data.ReadTest(work.Trainer.Task, *work.Trainer.Data, training)
	if err != nil {
		t.Fatal(err)
	}
	target := train.TargetOf(table, nil)
	target.Mean, target.Std = config.Preprocessing.Target.Mean, config.Preprocessing.Target.Std
	e, err := train.Evaluate(context.Background(), net, config.Preprocessing.Columns.Encode(table), target)
	if err != nil {
		t.Fatal(err)
	}
	want := e.Metrics("test_")
	if got := f.heard[len(f.heard)-1].Artifact.Metrics; !reflect.DeepEqual(got[:len(want)], want) {
		t.Errorf("the trainer measured %v, the model read back %v", got, want)
	}
	if r2, _ := want.Get("test_r2"); r2 < 0.9 {
		t.Errorf("R2 %v on the test file", r2)
	}
}

func readArtifact(t *testing.T, work protocol.Work, name string, v any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(work.ArtifactOut, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

// shapes writes rows with labels that follow from numbers: any of them, or none.
func shapes(t *testing.T, n int) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, 7))
	var b strings.Builder
	for range n {
		x, y := rng.NormFloat64(), rng.NormFloat64()
		labels := []string{}
		if x > 0.5 {
			labels = append(labels, `"right"`)
		}
		if y > 0 {
			labels = append(labels, `"high"`)
		}
		if x*x+y*y > 2 {
			labels = append(labels, `"far"`)
		}
		fmt.Fprintf(&b, `{"x": %.4f, "y": %.4f, "what": [%s]}`+"\n", x, y, strings.Join(labels, ", "))
	}
	return write(t, "shapes.jsonl", b.String())
}

func TestLabelsAreLearned(t *testing.T) {
	work := tableOrder(shapes(t, 400), 0, 20, trial.Param{Name: "class_weights", Value: "balanced"}, trial.Param{Name: "label_smoothing", Value: 0.02})
	work.Trainer.Task, work.Trainer.Data.Label, work.Epochs = "tabular-multilabel", "what", 20
	work.Objective = trial.Objective{Metric: "val_f1", Goal: trial.Maximize}
	var f fakeRunner
	if code := f.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	r := f.reports()
	last := r[len(r)-1].Metrics
	f1, _ := last.Get("val_f1")
	auc, _ := last.Get("val_roc_auc")
	loss, _ := last.Get("val_loss")
	if f1 < 0.85 || auc < 0.97 || !(loss > 0 && loss < 0.4) || len(last) != len(Metrics(work.Trainer)) {
		t.Errorf("%v", last)
	}
}

// pictures makes PNG and JPEG files of three colours, none of the size of the model, and returns their names and colours.
func pictures(t *testing.T, dir string, n int) (files, colours []string) {
	t.Helper()
	rng := rand.New(rand.NewPCG(3, 3))
	for i := range n {
		colour := []string{"red", "green", "blue"}[i%3]
		img := image.NewRGBA(image.Rect(0, 0, 20+i%7, 30-i%5))
		for p := range img.Pix {
			img.Pix[p] = uint8(rng.IntN(90))
			if p%4 == i%3 {
				img.Pix[p] += 150
			}
			if p%4 == 3 {
				img.Pix[p] = 255
			}
		}
		name := fmt.Sprintf("%03d.png", i)
		encode := func(f *os.File) error { return png.Encode(f, img) }
		if i%2 == 1 {
			name = fmt.Sprintf("%03d.JPG", i)
			encode = func(f *os.File) error { return jpeg.Encode(f, img, nil) }
		}
		f, err := os.Create(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := encode(f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		files, colours = append(files, name), append(colours, colour)
	}
	return files, colours
}

func TestImageFilesAreLearned(t *testing.T) {
	dir := t.TempDir()
	files, colours := pictures(t, dir, 60)
	var list strings.Builder
	list.WriteString("picture,colour,redness\n")
	for i, name := range files {
		fmt.Fprintf(&list, "%s,%s,%d\n", name, colours[i], map[string]int{"red": 3}[colours[i]])
		folder := filepath.Join(dir, "folders", colours[i])
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(filepath.Join(dir, name), filepath.Join(folder, name)); err != nil {
			t.Fatal(err)
		}
	}
	csv := filepath.Join(dir, "list.csv")
	if err := os.WriteFile(csv, []byte(list.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	work := order(csv, 0, 3, trial.Param{Name: "lr", Value: 5e-3}, trial.Param{Name: "augment_flip", Value: true})
	work.Trainer.Data = &trial.DataSpec{Train: csv, Label: "colour", Image: &trial.ImageSpec{Path: "picture", Size: 16}}
	if err := Check(work.Trainer, work.Folds, []string{"lr"}); err != nil {
		t.Fatal(err)
	}
	var listed fakeRunner
	if code := listed.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, listed.failure())
	}
	last := listed.reports()[2].Metrics
	if got, _ := last.Get("val_accuracy"); got < 0.8 {
		t.Errorf("accuracy %v", got)
	}
	work.Trainer.Data = &trial.DataSpec{Train: filepath.Join(dir, "folders"), Image: &trial.ImageSpec{Size: 16}}
	if got, err := Curve(context.Background(), work); err != nil || len(got) != 3 {
		t.Errorf("folders: %v, %v", got, err)
	}
	work.Trainer.Task = "image-regression"
	work.Trainer.Data = &trial.DataSpec{Train: csv, Label: "redness", Image: &trial.ImageSpec{Path: "picture", Size: 16, Fit: trial.FitPad}}
	work.Objective, work.Epochs, work.To.Epoch = trial.Objective{Metric: "val_r2", Goal: trial.Maximize}, 8, 8
	got, err := Curve(context.Background(), work)
	if err != nil {
		t.Fatal(err)
	}
	if r2, _ := got[7].Get("val_r2"); !(r2 > 0.5) {
		t.Errorf("R2 %v", r2)
	}
}
