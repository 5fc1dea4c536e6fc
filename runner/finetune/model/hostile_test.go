package model

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"automl/runner/finetune/memtest"
	"automl/runner/finetune/safetensors"
)

// Loading a folder allocates the weights, and no more for what its config.json says.
func TestMemoryIsBoundedByTheFiles(t *testing.T) {
	wide := func(sizes map[string]any) func(map[string]any) {
		return func(c map[string]any) {
			for name, value := range sizes {
				c[name] = value
			}
		}
	}
	labels := map[string]string{}
	for i := range 40_000 {
		labels[fmt.Sprint(i)] = "x"
	}
	headless := func(ts map[string]safetensors.Tensor) {
		for name := range ts {
			if strings.HasPrefix(name, "classifier") {
				delete(ts, name)
			}
		}
	}
	for name, config := range map[string]func(map[string]any){
		"wide":          wide(map[string]any{"hidden_size": 65536}),
		"wide inside":   wide(map[string]any{"intermediate_size": 65536}),
		"deep":          wide(map[string]any{"num_hidden_layers": 128}),
		"many words":    wide(map[string]any{"vocab_size": 1 << 22}),
		"many places":   wide(map[string]any{"max_position_embeddings": 1 << 20}),
		"many types":    wide(map[string]any{"type_vocab_size": 1 << 16}),
		"2^63":          wide(map[string]any{"hidden_size": json.Number("9223372036854775807")}),
		"2^64":          wide(map[string]any{"hidden_size": json.Number("18446744073709551616")}),
		"many classes":  wide(map[string]any{"hidden_size": 65536, "id2label": labels}),
		"a long string": wide(map[string]any{"x": strings.Repeat("x", 900_000)}),
		"too long":      wide(map[string]any{"x": strings.Repeat("x", maxConfig)}),
	} {
		t.Run(name, func(t *testing.T) {
			dir := textFolder(t, "bert", config, headless)
			var err error
			got, size := memtest.Allocated(func() { _, err = Load(dir) }), sizeOf(t, dir)
			if err == nil != (name == "a long string") || err != nil && !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v, which should name the file", err)
			}
			// The garbage of the JSON decoder, which reads config.json twice, and a map of 40,000 labels.
			if got > 20*size+1<<20 {
				t.Errorf("%d bytes allocated for a folder of %d; error: %.200v", got, size, err)
			}
		})
	}
}

// Real weights take what the file takes, and half precision twice as much.
func TestMemoryOfWeights(t *testing.T) {
	dir := sharedDir(t, "data", "minilm")
	info, err := os.Stat(filepath.Join(dir, weightsFile))
	if err != nil {
		t.Fatal(err)
	}
	got := memtest.Allocated(func() {
		if _, err := Load(dir); err != nil {
			t.Fatal(err)
		}
	})
	if float64(got) > 1.1*float64(info.Size()) {
		t.Errorf("%d bytes allocated for a file of %d", got, info.Size())
	}
}

// sizeOf is that of all files of a folder.
func sizeOf(t *testing.T, dir string) (size int64) {
	t.Helper()
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err == nil {
			size += info.Size()
		}
	}
	return size
}

// loaded is the network of a folder; nil where Load refuses it, in a little memory and by an error that names the folder.
func loaded(t *testing.T, dir string) *Net {
	t.Helper()
	var n *Net
	var err error
	if got := memtest.Allocated(func() { n, err = Load(dir) }); got > 64<<20 {
		t.Errorf("%d bytes allocated", got)
	}
	if err != nil {
		if !strings.Contains(err.Error(), dir) {
			t.Errorf("%v does not name the folder", err)
		}
		return nil
	}
	return n
}

// FuzzModelConfig checks that no config.json makes Load panic, or allocate for what it says, and that errors name the folder.
func FuzzModelConfig(f *testing.F) {
	dirs := map[string]string{}
	for _, family := range []string{"bert", "distilbert"} {
		dirs[family] = textFolder(f, family, nil, nil)
		text, err := os.ReadFile(filepath.Join(dirs[family], configFile))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	text, err := os.ReadFile("../../../configs/quickstart/resnet8/" + configFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte(`{"model_type": "mlp", "features": 3, "hidden": 4, "layers": 1, "outputs": 2}`))
	dir := dirs["bert"]
	f.Fuzz(func(t *testing.T, config []byte) {
		if err := os.WriteFile(filepath.Join(dir, configFile), config, 0o600); err != nil {
			t.Fatal(err)
		}
		n := loaded(t, dir)
		if n == nil {
			return
		}
		for _, p := range n.Params() {
			if size(p.Shape) != len(p.Data) {
				t.Errorf("%s of shape %v has %d values", p.Name, p.Shape, len(p.Data))
			}
		}
	})
}

// FuzzPreprocessor checks that no preprocessor_config.json makes Load panic or accept an input that no graph can have.
func FuzzPreprocessor(f *testing.F) {
	for _, text := range []string{
		`{"image_processor_type": "ViTImageProcessor", "size": {"height": 12, "width": 12}, "image_mean": [0.5, 0.5, 0.5], "image_std": 0.5, "resample": 2}`,
		`{"feature_extractor_type": "ConvNextFeatureExtractor", "size": {"shortest_edge": 224}, "crop_pct": 0.875, "do_rescale": false}`,
		`{"size": 16, "crop_size": {"height": 12, "width": 12}, "do_center_crop": true, "rescale_factor": 0.00392, "do_normalize": false}`,
		`{"size": {"height": 1e30, "width": -1}, "image_mean": [], "do_pad": true}`,
	} {
		f.Add([]byte(text))
	}
	dir := textFolder(f, "resnet-basic", nil, nil)
	f.Fuzz(func(t *testing.T, text []byte) {
		if err := os.WriteFile(filepath.Join(dir, PreprocessorFile), text, 0o600); err != nil {
			t.Fatal(err)
		}
		n := loaded(t, dir)
		if n == nil {
			return
		}
		if c, h, w := n.InputShape(); min(c, h, w) < 1 || max(h, w) > maxSide {
			t.Errorf("an input of %d x %d x %d", c, h, w)
		}
	})
}
