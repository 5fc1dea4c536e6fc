package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"automl/runner/finetune/safetensors"
)

const (
	indexFile = "model.safetensors.index.json"
	// maxIndex bounds an index, which has a line of some 100 bytes per tensor.
	maxIndex = 8 << 20
)

// errWeights marks errors that name the file of weights themselves.
var errWeights = errors.New("weights")

// weights are a folder's tensors by name.
type weights struct {
	source  string // the file that holds or lists them
	base    string // that names may begin with, or not
	tensors map[string]tensor
}

// tensor is a tensor and the file it comes from.
type tensor struct {
	*safetensors.Tensor
	file string
}

// readWeights reads model.safetensors, or else the files that
// model.safetensors.index.json lists.
func readWeights(dir string) (*weights, error) {
	single, index := filepath.Join(dir, weightsFile), filepath.Join(dir, indexFile)
	if _, err := os.Stat(single); err == nil {
		w := &weights{source: single, tensors: map[string]tensor{}}
		return w, w.read(single, func(string) bool { return true })
	} else if _, none := os.Stat(index); none != nil {
		return nil, err
	}
	return readShards(dir, index)
}

// read adds the wanted tensors of a file.
func (w *weights) read(file string, wanted func(name string) bool) error {
	f, err := safetensors.Read(file)
	if err != nil {
		return fmt.Errorf("%w: %w", errWeights, err)
	}
	for i := range f.Tensors {
		if t := &f.Tensors[i]; wanted(t.Name) {
			w.tensors[t.Name] = tensor{t, file}
		}
	}
	return nil
}

// readShards reads the files of an index: a map from each tensor to the file
// beside the index that holds it.
func readShards(dir, index string) (*weights, error) {
	text, err := readSmall(index, maxIndex)
	if err != nil {
		return nil, err
	}
	var listed struct {
		Map map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &listed); err != nil {
		return nil, fmt.Errorf("%w: %s: %w", errWeights, index, err)
	}
	w := &weights{source: index, tensors: make(map[string]tensor, len(listed.Map))}
	for _, name := range slices.Compact(slices.Sorted(maps.Values(listed.Map))) {
		if name != filepath.Base(name) || !strings.HasSuffix(name, ".safetensors") {
			return nil, fmt.Errorf("%w: %s: %q is not the name of a safetensors file beside it", errWeights, index, name)
		}
		if err := w.read(filepath.Join(dir, name), func(t string) bool { return listed.Map[t] == name }); err != nil {
			return nil, err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(listed.Map)) {
		if _, ok := w.tensors[name]; !ok {
			return nil, fmt.Errorf("%w: %s: tensor %q is not in %s", errWeights, index, name, listed.Map[name])
		}
	}
	return w, nil
}

// find returns the name under which a tensor is stored. It may lack the base;
// layer norms of old files have gamma and beta for weight and bias.
func (w *weights) find(name string) (stored string, ok bool) {
	if _, ok = w.tensors[name]; ok {
		return name, true
	}
	if bare := strings.TrimPrefix(name, w.base); bare != name {
		_, ok = w.tensors[bare]
		return bare, ok
	}
	if stem, norm := strings.CutSuffix(name, "LayerNorm.weight"); norm {
		stored = stem + "LayerNorm.gamma"
	} else if stem, norm := strings.CutSuffix(name, "LayerNorm.bias"); norm {
		stored = stem + "LayerNorm.beta"
	}
	_, ok = w.tensors[stored]
	return stored, ok
}

// sparing is an architecture that knows which tensors of a file it has no use
// for, and refuses a file with others. Where there is none, all are ignored.
type sparing interface {
	spare(name string) bool
}

// renaming is an architecture whose tensors may have other names in a file than
// its Params.
type renaming interface {
	inFile(name string) string
}

// outputs is the size of the head: that in the file, or, of a fresh one, that in
// config.json.
func (f *source) outputs(w *weights, head string, labels int) int {
	if t, ok := w.tensors[head]; ok && len(t.Shape) == 2 {
		return t.Shape[0]
	}
	f.classes = max(1, labels)
	return f.classes
}

// fill gives every Param its tensor, and makes a head if the file holds none:
// last, since what sizes the head is config.json alone.
func (n *Net) fill(f *source) error {
	w, err := f.weights()
	if err != nil {
		return err
	}
	used := map[string]bool{}
	weight, bias := n.Head()
	for _, p := range n.params {
		if f.classes > 0 && (p == weight || p == bias) {
			continue
		}
		want, name := p.storedShape(), p.storedName()
		if a, ok := n.arch.(renaming); ok {
			name = a.inFile(name)
		}
		stored, ok := w.find(name)
		if !ok {
			return fmt.Errorf("%s: tensor %q is missing, expected shape %v", w.source, name, want)
		}
		t := w.tensors[stored]
		switch {
		case !slices.Equal(t.Shape, want):
			return fmt.Errorf("%s: tensor %q: expected shape %v, found %v", t.file, stored, want, t.Shape)
		case t.Data == nil:
			return fmt.Errorf("%s: tensor %q: type %s is not a float type for weights (F32, F16, BF16)", t.file, stored, t.DType)
		}
		p.load(t.Data)
		used[stored] = true
	}
	if a, ok := n.arch.(sparing); ok {
		for _, name := range slices.Sorted(maps.Keys(w.tensors)) {
			if !used[name] && !a.spare(name) {
				return fmt.Errorf("%s: tensor %q is unknown to %s networks", w.tensors[name].file, name, n.Type())
			}
		}
	}
	if f.classes > 0 {
		n.ReplaceHead(f.classes, 0)
	}
	return nil
}
