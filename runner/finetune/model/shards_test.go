package model

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/runner/finetune/safetensors"
)

// shards writes files of weights, tensor by tensor with values that name them, and an index (none when empty).
func shards(t testing.TB, dir, index string, files map[string][]string) {
	t.Helper()
	for name, tensors := range files {
		var list []safetensors.Tensor
		for _, x := range tensors {
			list = append(list, safetensors.Tensor{Name: x, Shape: []int{len(x)}, Data: make([]float32, len(x))})
		}
		if err := safetensors.Write(filepath.Join(dir, name), list, nil); err != nil {
			t.Fatal(err)
		}
	}
	if index == "" {
		return
	}
	if err := os.WriteFile(filepath.Join(dir, indexFile), []byte(index), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestShardsAreReadAsTheIndexSays(t *testing.T) {
	dir := t.TempDir()
	shards(t, dir, `{"metadata":{"total_size":40},"weight_map":{"a":"1.safetensors","bb":"2.safetensors","ccc":"1.safetensors"}}`,
		map[string][]string{"1.safetensors": {"a", "bb", "ccc"}, "2.safetensors": {"bb", "unlisted"}})
	w, err := readWeights(dir)
	if err != nil {
		t.Fatal(err)
	}
	from := map[string]string{}
	for name, x := range w.tensors {
		if len(x.Data) != len(name) {
			t.Errorf("%s has %d values", name, len(x.Data))
		}
		from[name] = filepath.Base(x.file)
	}
	if d := cmp.Diff(map[string]string{"a": "1.safetensors", "bb": "2.safetensors", "ccc": "1.safetensors"}, from); d != "" {
		t.Error(d)
	}

	// A whole file goes before an index.
	shards(t, dir, "", map[string][]string{weightsFile: {"whole"}})
	if w, err = readWeights(dir); err != nil || len(w.tensors) != 1 || w.tensors["whole"].Tensor == nil {
		t.Errorf("%v, error %v", w, err)
	}
}

func TestShardErrors(t *testing.T) {
	outside := t.TempDir()
	shards(t, outside, "", map[string][]string{"x.safetensors": {"a"}})
	for name, c := range map[string]struct{ index, want string }{
		"no file":            {`{"weight_map":{"a":"9.safetensors"}}`, "9.safetensors"},
		"another file":       {`{"weight_map":{"a":"1.safetensors","b":"1.safetensors"}}`, `tensor "b" is not in 1.safetensors`},
		"up":                 {`{"weight_map":{"a":"../x.safetensors"}}`, `"../x.safetensors" is not the name`},
		"absolute":           {fmt.Sprintf(`{"weight_map":{"a":%q}}`, filepath.Join(outside, "x.safetensors")), "is not the name"},
		"a folder":           {`{"weight_map":{"a":"sub/1.safetensors"}}`, "is not the name"},
		"a pickle":           {`{"weight_map":{"a":"pytorch_model.bin"}}`, `"pytorch_model.bin" is not the name`},
		"no name":            {`{"weight_map":{"a":""}}`, "is not the name"},
		"itself":             {`{"weight_map":{"a":"` + indexFile + `"}}`, "is not the name"},
		"not a safetensors":  {`{"weight_map":{"a":"bad.safetensors"}}`, "bad.safetensors"},
		"not JSON":           {`{"weight_map":`, indexFile},
		"a number":           {`{"weight_map":{"a":1}}`, indexFile},
		"a list":             {`{"weight_map":["1.safetensors"]}`, indexFile},
		"larger than 8 MiB":  {`{"weight_map":{}}` + strings.Repeat(" ", maxIndex), indexFile + " is larger than"},
		"a name with a zero": {`{"weight_map":{"a":"1\u0000.safetensors"}}`, "safetensors"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			shards(t, dir, c.index, map[string][]string{"1.safetensors": {"a"}})
			if err := os.WriteFile(filepath.Join(dir, "bad.safetensors"), []byte("no"), 0o600); err != nil {
				t.Fatal(err)
			}
			_, err := readWeights(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error %v, expected one with %q and the folder", err, c.want)
			}
		})
	}
}

// FuzzShardIndex checks that no index makes readWeights panic or read outside its folder, and that what it accepts it has read.
func FuzzShardIndex(f *testing.F) {
	f.Add([]byte(`{"weight_map":{"a":"1.safetensors","b":"2.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../1.safetensors"},"metadata":{}}`))
	f.Add([]byte(`{"weight_map":null}`))
	dir := f.TempDir()
	shards(f, dir, "", map[string][]string{"1.safetensors": {"a", "c"}, "2.safetensors": {"b"}})
	f.Fuzz(func(t *testing.T, index []byte) {
		shards(t, dir, string(index)+" ", nil)
		w, err := readWeights(dir)
		if err != nil {
			if !strings.Contains(err.Error(), dir) {
				t.Errorf("%v does not name the folder", err)
			}
			return
		}
		for name, x := range w.tensors {
			if filepath.Dir(x.file) != dir || len(x.Data) != len(name) {
				t.Errorf("tensor %q of %s", name, x.file)
			}
		}
	})
}
