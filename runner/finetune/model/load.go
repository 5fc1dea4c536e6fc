package model

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"automl/runner/finetune/safetensors"
)

const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
	// maxConfig bounds config.json, which is a few kilobytes.
	maxConfig = 1 << 20
)

// loader reads an architecture's config.json and lists the arrays it needs, in
// Params order; Load fills in the data.
type loader func(config []byte) (arch, Input, []*Param, error)

// loaders holds the supported kinds of network by model_type.
var loaders = map[string]loader{
	"resnet8_cifar10": loadResNet,
	MLPType:           loadMLP,
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

// Load reads the network in folder dir: its architecture from config.json, its
// weights from model.safetensors. Both are untrusted input. Errors name the
// file, and the tensor with the expected and found shapes where one is at fault.
func Load(dir string) (*Net, error) {
	path := filepath.Join(dir, configFile)
	config, err := readSmall(path)
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
	n := &Net{}
	if n.arch, n.input, n.params, err = load(config); err != nil {
		return nil, fmt.Errorf("model: %s: %w", path, err)
	}
	n.index()
	if err := n.readWeights(filepath.Join(dir, weightsFile)); err != nil {
		return nil, fmt.Errorf("model: %w", err)
	}
	return n, nil
}

// readSmall reads a file of at most maxConfig bytes.
func readSmall(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return nil, err
	}
	if len(data) > maxConfig {
		return nil, fmt.Errorf("%s is larger than %d bytes", path, maxConfig)
	}
	return data, nil
}

// readWeights fills every Param from the file. Tensors that no Param names are
// ignored, as files often hold more than the network.
func (n *Net) readWeights(path string) error {
	f, err := safetensors.Read(path)
	if err != nil {
		return err
	}
	for _, p := range n.params {
		t := f.Find(p.Name)
		switch {
		case t == nil:
			return fmt.Errorf("%s: tensor %q is missing, expected shape %v", path, p.Name, p.Shape)
		case !slices.Equal(t.Shape, p.Shape):
			return fmt.Errorf("%s: tensor %q: expected shape %v, found %v", path, p.Name, p.Shape, t.Shape)
		case t.Data == nil:
			return fmt.Errorf("%s: tensor %q: type %s is not a float type for weights (F32, F16, BF16)", path, p.Name, t.DType)
		}
		p.Data = t.Data
	}
	return nil
}
