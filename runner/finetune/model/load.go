package model

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
	// maxConfig bounds config.json, which is a few kilobytes.
	maxConfig = 1 << 20
)

// loader reads an architecture's config.json and lists the arrays it needs, in
// Params order; Load fills in the data.
type loader func(f *source) (arch, Input, []*Param, error)

// loaders holds the supported kinds of network by model_type.
var loaders = map[string]loader{
	"resnet8_cifar10": loadResNet,
	MLPType:           loadMLP,
	"bert":            loadEncoder,
	"roberta":         loadEncoder,
	"distilbert":      loadEncoder,
	"gpt2":            loadGPT2,
	"vit":             loadViT,
	"resnet":          loadHFResNet,
}

// Supported returns the model types that Load can read, sorted.
func Supported() []string {
	var types []string
	for t := range loaders {
		types = append(types, t)
	}
	slices.Sort(types)
	return types
}

// source is a model's folder while it is read.
type source struct {
	dir    string
	config []byte // config.json
	loaded *weights
	lm     bool // a language model is wanted
	// classes, if not 0, is the size of a fresh head, which the file does not hold.
	classes int
}

// weights reads the folder's tensors, once.
func (f *source) weights() (w *weights, err error) {
	if f.loaded == nil {
		f.loaded, err = readWeights(f.dir)
	}
	return f.loaded, err
}

// Load reads the network in folder dir: its architecture from config.json, its
// weights from model.safetensors, or from the files that
// model.safetensors.index.json lists. All are untrusted input. Errors name the
// file, and the tensor with the expected and found shapes where one is at fault.
// A transformer or ResNet without a classifier gets a fresh one (see ReplaceHead).
func Load(dir string) (*Net, error) { return loadFolder(dir, false) }

// languageModels are the kinds of network that predict next tokens.
var languageModels = []string{"gpt2"}

// LoadLanguageModel is Load for a network that is to predict next tokens (see
// Net.IsLanguageModel), with the head for it.
func LoadLanguageModel(dir string) (*Net, error) { return loadFolder(dir, true) }

func loadFolder(dir string, lm bool) (*Net, error) {
	path := filepath.Join(dir, configFile)
	config, err := readSmall(path, maxConfig)
	if err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	var kind struct {
		ModelType string `json:"model_type"`
	}
	if err := json.Unmarshal(config, &kind); err != nil {
		return nil, fmt.Errorf("model: %s: %w", path, err)
	}
	load, ok := loaders[kind.ModelType]
	if !ok {
		return nil, fmt.Errorf("model: %s: model_type %q is not supported (supported: %s)",
			path, kind.ModelType, strings.Join(Supported(), ", "))
	}
	if lm && !slices.Contains(languageModels, kind.ModelType) {
		return nil, fmt.Errorf("model: %s: model_type %q does not predict next tokens (supported: %s)",
			path, kind.ModelType, strings.Join(languageModels, ", "))
	}
	n, f := &Net{}, &source{dir: dir, config: config, lm: lm}
	if n.arch, n.input, n.params, err = load(f); err != nil {
		var file *os.PathError
		if errors.As(err, &file) || errors.Is(err, errWeights) || errors.Is(err, errPreprocessor) {
			return nil, fmt.Errorf("model: %w", err)
		}
		return nil, fmt.Errorf("model: %s: %w", path, err)
	}
	n.index()
	if err := n.fill(f); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return n, nil
}

// readSmall reads a file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, limit)
	}
	return data, nil
}
