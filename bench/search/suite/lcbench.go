package suite

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"automl/bench/search/onnx"
	"automl/search"
	"automl/trial"
)

// lcbenchTasks is the instances over a range of training-set sizes, from 748 to 581,000 rows.
var lcbenchTasks = []string{"167184_blood", "167168_vehicle", "189906_segment", "167190_phoneme", "168910_fabert",
	"126025_adult", "168331_volkert", "7593_covertype"}

// lcbenchInputs is the numeric inputs of the surrogate, in order.
var lcbenchInputs = []string{"epoch", "batch_size", "learning_rate", "momentum", "weight_decay", "num_layers", "max_units",
	"max_dropout"}

// Outputs of the surrogate, and its epochs.
const (
	lcbenchTime     = 0 // seconds since the start of training
	lcbenchAccuracy = 1 // on the validation data, in percent
	lcbenchEpochs   = 52
)

func lcbenchNames(string) ([]string, error) { return append([]string{}, lcbenchTasks...), nil }

// lcbench is the surrogate of one instance.
type lcbench struct {
	model    *onnx.Model
	instance int64 // as the model numbers it
}

// loadLCBench makes one task. Its best and worst were found by the Python harness, with a large random sample and local search.
func loadLCBench(dir, name string) (*Task, error) {
	folder := filepath.Join(dir, "yahpo_lcbench")
	space, err := readConfigSpace(filepath.Join(folder, "config_space.json"), "OpenML_task_id", "epoch")
	if err != nil {
		return nil, err
	}
	var codes map[string]map[string]int64
	if err := readJSON(filepath.Join(folder, "encoding.json"), &codes); err != nil {
		return nil, err
	}
	var known map[string]struct{ Best, Worst float64 }
	if err := readJSON(filepath.Join(dir, "harness", "cache", "yahpo_lcbench.json"), &known); err != nil {
		return nil, err
	}
	b := lcbench{}
	var found bool
	if b.instance, found = codes["OpenML_task_id"][strings.Split(name, "_")[0]]; !found {
		return nil, fmt.Errorf("the surrogate has no instance %s", name)
	}
	if b.model, err = onnx.Read(filepath.Join(folder, "model.onnx")); err != nil {
		return nil, err
	}
	return &Task{Suite: "yahpo_lcbench", Name: name, Space: space, Epochs: lcbenchEpochs, Best: known[name].Best,
		Worst: known[name].Worst, Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize},
		query: func(p trial.Params, _ int64) (Curve, error) { return b.curve(p) }}, nil
}

// surrogateCurve asks the model for an epoch when it is needed: most trials are stopped early.
type surrogateCurve struct {
	model *onnx.Model
	in    map[string]*onnx.Tensor
	mu    sync.Mutex
	known [][]float32 // outputs by epoch
}

// curve prepares the inputs for a configuration and tries the first epoch.
func (b lcbench) curve(p trial.Params) (Curve, error) {
	x := make([]float32, len(lcbenchInputs))
	for i, name := range lcbenchInputs[1:] {
		x[i+1] = float32(p.Float(name, 0))
	}
	c := &surrogateCurve{model: b.model, known: make([][]float32, lcbenchEpochs), in: map[string]*onnx.Tensor{
		"x_cat":  {Dims: []int{1, 1}, Ints: []int64{b.instance}},
		"x_cont": {Dims: []int{1, len(x)}, Floats: x},
	}}
	_, err := c.outputs(1)
	return c, err
}

func (c *surrogateCurve) outputs(epoch int) ([]float32, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.known[epoch-1] == nil {
		c.in["x_cont"].Floats[0] = float32(epoch)
		y, err := c.model.Eval(c.in)
		if err != nil {
			return nil, err
		}
		c.known[epoch-1] = y.Floats
	}
	return c.known[epoch-1], nil
}

func (c *surrogateCurve) Len() int { return lcbenchEpochs }

// At cannot fail: all epochs are the same computation, and the first one did not.
func (c *surrogateCurve) At(epoch int) (value, seconds float64) {
	y, _ := c.outputs(epoch)
	before := 0.0
	if epoch > 1 {
		z, _ := c.outputs(epoch - 1)
		before = float64(z[lcbenchTime])
	}
	return float64(y[lcbenchAccuracy]), max(0.01, float64(y[lcbenchTime])-before)
}

// readConfigSpace reads a space of uniform numbers from ConfigSpace's JSON, without the named parameters.
func readConfigSpace(path string, drop ...string) (search.Space, error) {
	var doc struct {
		Hyperparameters []struct {
			Name, Type   string
			Lower, Upper float64
			Log          bool
		}
		Conditions []any
	}
	if err := readJSON(path, &doc); err != nil {
		return search.Space{}, err
	}
	if len(doc.Conditions) > 0 {
		return search.Space{}, fmt.Errorf("%s: conditions are not supported", path)
	}
	kinds := map[string]search.Kind{"uniform_float": search.Float, "uniform_int": search.Int}
	var s search.Space
	for _, h := range doc.Hyperparameters {
		if slices.Contains(drop, h.Name) {
			continue
		}
		kind, known := kinds[h.Type]
		if !known {
			return s, fmt.Errorf("%s: %s is a %s, which is not supported", path, h.Name, h.Type)
		}
		s.Parameters = append(s.Parameters, search.Parameter{Name: h.Name, Kind: kind, Low: h.Lower, High: h.Upper, Log: h.Log})
	}
	return s, nil
}

func readJSON(path string, into any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
