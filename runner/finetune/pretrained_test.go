package finetune

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/safetensors"
	"automl/runner/finetune/train"
	"automl/runner/protocol"
	"automl/trial"
)

// hubFolder copies one of the small networks recorded from transformers, with a preprocessor's file.
func hubFolder(t *testing.T, name, preprocessor string) string {
	t.Helper()
	dir := t.TempDir()
	if err := copyFiles(dir, filepath.Join("model", "testdata", name), []string{configFile, weightsFile}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, model.PreprocessorFile), []byte(preprocessor), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Pictures become what the image processors of the transformers library make of them, but for the rounding of single steps.
func TestPicturesArePreparedAsTransformersDoes(t *testing.T) {
	from := filepath.Join("model", "testdata", "processors")
	f, err := safetensors.Read(filepath.Join(from, "reference.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	for _, processor := range []string{"vit", "resnet", "deit"} {
		text, err := os.ReadFile(filepath.Join(from, processor, model.PreprocessorFile))
		if err != nil {
			t.Fatal(err)
		}
		net, err := loadModel(hubFolder(t, "resnet-basic", string(text)))
		if err != nil {
			t.Fatal(err)
		}
		in, err := sized(net, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, picture := range []string{"wide", "tall", "small"} {
			table := &data.Table{Paths: []string{filepath.Join(from, picture+".png")}, Lines: []int{1}}
			images, err := table.Images(in)
			if err != nil {
				t.Fatal(err)
			}
			got, want := make([]float32, in.Size()), f.Find(processor+"."+picture)
			images.Write(got, 0)
			if len(got) != len(want.Data) || want.Shape[1] != in.Height || want.Shape[2] != in.Width {
				t.Fatalf("%s: an input of %dx%d, want %v", processor, in.Height, in.Width, want.Shape)
			}
			most, mean := 0.0, 0.0
			for i, w := range want.Data { // in levels of 255
				d := 255 * math.Abs(float64(got[i]-w)) * float64(in.Std[i/(in.Height*in.Width)])
				most, mean = max(most, d), mean+d/float64(len(got))
			}
			limit := 1.01
			if processor != "vit" {
				limit = 8.01 // Pillow cuts off what cubic curves overshoot between the two directions, too
			}
			if most > limit || mean > 0.4 {
				t.Errorf("%s %s: levels differ by at most %.2f, %.2f on average", processor, picture, most, mean)
			}
		}
	}
}

func TestPreprocessorErrors(t *testing.T) {
	for want, text := range map[string]string{
		"resample 1 is not supported":      `{"resample": 1}`,
		"image_mean [0.5], want 3 numbers": `{"image_mean": [0.5]}`,
		"image_std":                        `{"image_std": 0}`,
		`size {"longest_edge":9}`:          `{"size": {"longest_edge":9}}`,
		"size 5000, want 1 to":             `{"size": 5000}`,
		"shortest_edge and no":             `{"size": {"shortest_edge": 32}}`,
		"changes the proportion":           `{"size": 32, "do_center_crop": true, "crop_size": {"height": 16, "width": 24}}`,
		"as a share of size":               `{"size": 32, "do_center_crop": true, "crop_size": 40}`,
		"crop_pct 2, want":                 `{"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 32}, "crop_pct": 2}`,
		"do_pad":                           `{"do_pad": true}`,
		"rescale_factor":                   `{"rescale_factor": -1}`,
		"unexpected end":                   `{`,
	} {
		_, err := loadModel(hubFolder(t, "resnet-basic", text))
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), model.PreprocessorFile) {
			t.Errorf("%s: %v", want, err)
		}
	}
	_, err := loadModel(hubFolder(t, "vit", `{"size": {"height": 24, "width": 24}}`))
	if err == nil || !strings.Contains(err.Error(), "image_size 12 x 12 is not the size that "+model.PreprocessorFile+" makes, 24 x 24") {
		t.Errorf("%v", err)
	}
}

// hubOrder is a work order for pictures in folders of their colours.
func hubOrder(t *testing.T, folder string, size, epochs int, params ...trial.Param) protocol.Work {
	t.Helper()
	dir := t.TempDir()
	files, colours := pictures(t, dir, 60)
	for i, name := range files {
		to := filepath.Join(dir, "folders", colours[i])
		if err := os.MkdirAll(to, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(filepath.Join(dir, name), filepath.Join(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	work := order("", 0, epochs, params...)
	work.Epochs, work.Trainer.Model = epochs, folder
	work.Trainer.Data = &trial.DataSpec{Train: filepath.Join(dir, "folders"), Image: &trial.ImageSpec{Size: size}}
	if err := Check(work.Trainer, work.Folds, []string{"lr", "freeze", "hidden_dropout"}); err != nil {
		t.Fatal(err)
	}
	return work
}

const vitFile = `{"image_processor_type": "ViTImageProcessor", "size": {"height": 12, "width": 12}, "resample": 2, "image_mean": [0.5, 0.5, 0.5],
	"image_std": [0.5, 0.5, 0.5], "do_resize": true, "do_rescale": true, "do_normalize": true, "rescale_factor": 0.00392156862745098}`

const resnetFile = `{"feature_extractor_type": "ConvNextFeatureExtractor", "size": 24, "crop_pct": 0.875, "resample": 3}`

// Every way of freezing trains, with the frozen blocks' results cached; solving the head does, too.
func TestHubImagesAreLearned(t *testing.T) {
	param := func(name string, value any) trial.Param { return trial.Param{Name: name, Value: value} }
	for name, c := range map[string]struct {
		net, file string
		epochs    int
		params    []trial.Param
	}{
		"vit":           {"vit", vitFile, 6, []trial.Param{param("lr", 3e-3), param("hidden_dropout", 0.1), param("freeze.layer_decay", 0.9)}},
		"vit gradual":   {"vit", vitFile, 6, []trial.Param{param("lr", 5e-3), gradual}},
		"vit lora":      {"vit", vitFile, 6, []trial.Param{param("lr", 2e-2), param("freeze.strategy", "lora"), param("lora_targets", "all"), param("lora_dropout", 0.1)}},
		"vit solved":    {"vit", vitFile, 1, []trial.Param{param("head", "solved"), param("freeze.strategy", "head_only")}},
		"resnet":        {"resnet-basic", resnetFile, 6, []trial.Param{param("lr", 5e-3)}},
		"resnet frozen": {"resnet-bottleneck", resnetFile, 6, []trial.Param{param("lr", 2e-2), param("freeze.strategy", "partial"), param("freeze.depth", 0.4)}},
	} {
		t.Run(name, func(t *testing.T) {
			work := hubOrder(t, hubFolder(t, c.net, c.file), 0, c.epochs, c.params...)
			var f fakeRunner
			if code := f.run(t, context.Background(), work); code != 0 {
				t.Fatalf("exit %d: %+v", code, f.failure())
			}
			r := f.reports()
			last := r[len(r)-1]
			frozen, least := strings.Contains(name, "frozen"), 0.8
			if frozen {
				least = 0.6 // there is not much to learn from two random blocks
			}
			if got, _ := last.Metrics.Get("val_accuracy"); got < least {
				t.Errorf("accuracy %v", got)
			}
			if frozen && (last.Cache == nil || last.Cache.Hits != 60) {
				t.Errorf("the cache was used %+v", last.Cache)
			}
		})
	}
}

// The finished model is a folder as it was, for images of the size asked for, and measures what was said.
func TestHubRefit(t *testing.T) {
	for _, c := range []struct {
		net, file  string
		size, want int
		crop       string // what becomes of the file's size
		freeze     trial.Strategy
	}{
		{"vit", vitFile, 0, 12, `{"height":12,"width":12}`, trial.Full},
		{"vit", vitFile, 16, 16, `{"height":16,"width":16}`, trial.LoRA},
		{"resnet-basic", resnetFile, 32, 32, `{"shortest_edge":32}`, trial.Full},
	} {
		t.Run(fmt.Sprint(c.net, c.size), func(t *testing.T) {
			work := whole(hubOrder(t, hubFolder(t, c.net, c.file), c.size, 2, trial.Param{Name: "lr", Value: 3e-3},
				trial.Param{Name: "freeze.strategy", Value: string(c.freeze)}), t)
			work.Trainer.Data.Test = work.Trainer.Data.Train
			var f fakeRunner
			if code := f.run(t, context.Background(), work); code != 0 {
				t.Fatalf("exit %d: %+v", code, f.failure())
			}
			var config struct {
				ID2Label      map[string]string `json:"id2label"`
				Architectures []string
				ImageSize     int `json:"image_size"`
			}
			var file struct{ Size json.RawMessage }
			readArtifact(t, work, configFile, &config)
			readArtifact(t, work, model.PreprocessorFile, &file)
			var size strings.Builder
			for _, part := range strings.Fields(string(file.Size)) {
				size.WriteString(part)
			}
			if len(config.ID2Label) != 3 || config.ID2Label["0"] != "blue" || len(config.Architectures) != 1 || size.String() != c.crop || c.net == "vit" && config.ImageSize != c.want {
				t.Errorf("config %+v, size %s", config, size.String())
			}
			net, err := model.Load(work.ArtifactOut)
			if err != nil {
				t.Fatal(err)
			}
			input, err := sized(net, nil)
			if err != nil || input.Height != c.want {
				t.Fatalf("%+v, %v", input, err)
			}
			table, err := data.Read(work.Trainer.Task, *work.Trainer.Data, work.Folds)
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
			want := e.Metrics("test_")
			if got := f.heard[len(f.heard)-1].Artifact.Metrics; !reflect.DeepEqual(got[:len(want)], want) {
				t.Errorf("the trainer measured %v, the model read back %v", got, want)
			}
		})
	}
}
