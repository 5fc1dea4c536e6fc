package finetune

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/train"
	"automl/trial"
)

// Tasks lists what the trainer can do.
func Tasks() []string { return trial.Tasks() }

// Params describes every parameter that the trainer understands in a task.
func Params(task string) []train.KnownParam { return train.Known(task) }

// Check finds what would make every trial of a study fail: an unknown task, a model that cannot be read, any fault of the data
// files, rows that cannot be cut into the folds of the plan, a searched parameter (params, by name) that the trainer does not know or
// that the model cannot follow, an objective that has no value on the rows of some fold.
// The fault is a [*data.Error], which names the field of the sweep file and says what would be right. It reads the data files
// in whole.
func Check(spec trial.TrainerSpec, plan trial.FoldPlan, params []string, objectives ...trial.Objective) error {
	if err := checkSpec(spec); err != nil {
		return err
	}
	if err := checkParams(spec.Task, params); err != nil {
		return err
	}
	if trial.ImageRows.HasTask(spec.Task) {
		net, err := loadModel(spec.Model)
		if err != nil {
			return err
		}
		if net.IsText() {
			return &data.Error{Field: "trainer.model", Msg: fmt.Sprintf("model %s reads texts, not images", net.Type()), Hint: "a resnet or vit"}
		}
		if _, err := sized(net, spec.Data.Image); err != nil {
			return err
		}
		if err := checkUpdates(net, params); err != nil {
			return err
		}
	}
	cuts := func(*data.Table) error { return nil }
	if trial.TextRows.HasTask(spec.Task) {
		net, cut, err := checkTexts(spec, params)
		if err != nil {
			return err
		}
		cuts = func(t *data.Table) error { _, err := cutTexts(net, t, cut, net.MaxTokens()); return err }
	}
	table, err := data.Check(spec.Task, *spec.Data, plan)
	if err != nil {
		return err
	}
	if err := cuts(table); err != nil {
		return err
	}
	return checkMeasurable(table, plan, objectives)
}

// checkUpdates finds a parameter (by name) that asks for updates of a network which has none to offer. That freeze.lora_rank is there
// says that a typed freeze parameter has the strategy lora.
func checkUpdates(net *model.Net, params []string) error {
	if net.TakesLoRA() {
		return nil
	}
	e := &data.Error{Msg: fmt.Sprintf("model %s has no layers that LoRA updates", net.Type()), Hint: "a vit, or another way of freezing"}
	switch {
	case slices.Contains(params, train.FreezeName+"."+trial.FreezeRank):
		e.Field = "parameters." + train.FreezeName
	case slices.Contains(params, "lora_rank"):
		e.Field = "parameters.lora_rank"
	default:
		return nil
	}
	return e
}

// Probe is the configuration that says what the pretrained model of a task is worth without fine-tuning: a head solved on its
// frozen blocks, with the parameters that are the same in all trials (fixed). Nil for a task whose model begins untrained.
func Probe(task string, fixed trial.Params) trial.Params {
	own := trial.Params{{Name: "head", Value: train.SolvedHead}, {Name: train.FreezeName + "." + trial.FreezeStrategy, Value: string(trial.HeadOnly)}}
	if train.CheckNames(task, []string{own[0].Name}) != nil {
		return nil
	}
	for _, p := range fixed {
		if p.Name != own[0].Name && !strings.HasPrefix(p.Name, train.FreezeName+".") {
			own = append(own, p)
		}
	}
	return own
}

// checkParams accepts a typed freeze parameter by the name that stands in the sweep file, too.
func checkParams(task string, names []string) error {
	if !trial.TableRows.HasTask(task) {
		names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == train.FreezeName })
	}
	return paramFault(train.CheckNames(task, names))
}

// CheckValue finds out whether a parameter of a task that Check has accepted may have a value. The fault is a [*data.Error] whose
// field is parameters.NAME.
func CheckValue(task, name string, value any) error {
	_, err := train.ParseOptions(task, trial.Params{{Name: name, Value: value}})
	return paramFault(err)
}

// paramFault places the fault of a parameter in the sweep file.
func paramFault(err error) error {
	var bad *train.ParamError
	if errors.As(err, &bad) {
		return &data.Error{Field: "parameters." + bad.Name, Msg: bad.Msg, Hint: bad.Hint, Err: err}
	}
	return err
}

func noData() error {
	return &data.Error{Field: "trainer.data", Msg: "the built-in trainer needs data", Hint: "data: {train: rows.csv, label: class, image: {..}}"}
}

// checkSpec checks the task, and that the model and the data which it needs are named.
func checkSpec(spec trial.TrainerSpec) error {
	table := trial.TableRows.HasTask(spec.Task)
	switch {
	case !slices.Contains(Tasks(), spec.Task):
		e := &data.Error{Field: "trainer.task", Msg: fmt.Sprintf("the built-in trainer does not do %q", spec.Task),
			Hint: "supported: " + strings.Join(Tasks(), ", ")}
		if spec.Task == "" {
			e.Msg = "no task is named"
		}
		return e
	case spec.Data == nil:
		return noData()
	case table && spec.Model != trial.MLP:
		return &data.Error{Field: "trainer.model", Msg: fmt.Sprintf("task %s does not do model %q", spec.Task, spec.Model), Hint: "model: " + trial.MLP}
	case table && spec.Data.Image != nil:
		return &data.Error{Field: "trainer.data.image", Msg: "task " + spec.Task + " has no images", Hint: "table: {..}, or nothing"}
	case spec.Model == "":
		return &data.Error{Field: "trainer.model", Msg: "no model is named", Hint: "model: a folder with config.json and model.safetensors"}
	case !table && spec.Data.Table != nil:
		return &data.Error{Field: "trainer.data.table", Msg: "task " + spec.Task + " has no table", Hint: "image: {..}"}
	}
	return nil
}

// loadModel reads a pretrained model.
func loadModel(folder string) (*model.Net, error) {
	net, err := model.Load(folder)
	if err != nil {
		return nil, modelFault(folder, err)
	}
	return net, nil
}

// modelFault says what a model's folder should hold, where a file is missing.
func modelFault(folder string, err error) error {
	e := &data.Error{Field: "trainer.model", Msg: err.Error(), Err: err}
	if errors.Is(err, fs.ErrNotExist) {
		e.Hint = "a model is a folder with config.json and model.safetensors, as it is on the Hugging Face Hub"
		if _, err := os.Stat(filepath.Join(folder, "pytorch_model.bin")); err == nil {
			e.Hint = "pickled weights (pytorch_model.bin) are never read: transformers' from_pretrained(..).save_pretrained(FOLDER) writes model.safetensors"
		}
	}
	return e
}

// sized sets the model to the size of the spec, if it has one, and returns the model's input.
func sized(net *model.Net, spec *trial.ImageSpec) (data.Input, error) {
	c, h, w := net.InputShape()
	channels := 1
	if spec != nil {
		channels = spec.Channels
		if spec.Size > 0 {
			h, w = spec.Size, spec.Size
		}
	}
	if err := net.SetInput(h, w); err != nil {
		return data.Input{}, &data.Error{Field: "trainer.data.image.size", Msg: err.Error(), Err: err}
	}
	in := data.Input{Channels: c, Height: h, Width: w}
	in.Scale, in.Mean, in.Std = net.Scale()
	in.Resize = data.Scaling(net.Resize())
	return in, in.Fits(channels)
}
