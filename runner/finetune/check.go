package finetune

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/train"
	"automl/trial"
)

// Tasks lists what the trainer can do.
func Tasks() []string { return []string{trial.ImageTask, trial.TableTask} }

// Params describes every parameter that the trainer understands in a task.
func Params(task string) []train.KnownParam { return train.Known(task) }

// Check finds what would make every trial of a study fail: an unknown task, a model that cannot be read, any fault of the data
// files, a searched parameter (params, by name) that the trainer does not know. The fault is a [*data.Error], which names the
// field of the sweep file and says what would be right. It reads the data files in whole.
func Check(spec trial.TrainerSpec, params []string) error {
	if err := checkSpec(spec); err != nil {
		return err
	}
	if spec.Task == trial.TableTask {
		if err := data.Check(*spec.Data); err != nil {
			return err
		}
		return checkParams(spec.Task, params)
	}
	net, err := loadModel(spec.Model)
	if err != nil {
		return err
	}
	if err := data.Check(*spec.Data); err != nil {
		return err
	}
	if _, err := sized(net, spec.Data.Image); err != nil {
		return err
	}
	return checkParams(spec.Task, params)
}

// CheckFolds finds out whether the rows of the training file can be cut into the folds of a plan. It reads the file.
func CheckFolds(spec trial.TrainerSpec, plan trial.FoldPlan) error {
	if spec.Data == nil {
		return noData()
	}
	return data.CheckFolds(*spec.Data, plan)
}

// checkParams accepts a typed freeze parameter by the name that stands in the sweep file, too.
func checkParams(task string, names []string) error {
	if task != trial.TableTask {
		names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == train.FreezeName })
	}
	err := train.CheckNames(task, names)
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
	case spec.Task == trial.TableTask && spec.Model != trial.MLP:
		return &data.Error{Field: "trainer.model", Msg: fmt.Sprintf("task %s does not do model %q", spec.Task, spec.Model), Hint: "model: " + trial.MLP}
	case spec.Task == trial.TableTask && (spec.Data.Image != nil || spec.Data.Table == nil):
		return &data.Error{Field: "trainer.data", Msg: "task " + spec.Task + " needs rows of columns, not images", Hint: "table: {}"}
	case spec.Model == "":
		return &data.Error{Field: "trainer.model", Msg: "no model is named", Hint: "model: a folder with config.json and model.safetensors"}
	case spec.Task == trial.ImageTask && spec.Data.Table != nil:
		return &data.Error{Field: "trainer.data.table", Msg: "task " + spec.Task + " has no table", Hint: "image: {..}"}
	}
	return nil
}

// loadModel reads a pretrained model.
func loadModel(folder string) (*model.Net, error) {
	net, err := model.Load(folder)
	if err != nil {
		return nil, &data.Error{Field: "trainer.model", Msg: err.Error(), Err: err}
	}
	return net, nil
}

// sized sets the model to the size of the spec, if it has one, and returns the model's input.
func sized(net *model.Net, spec *trial.ImageSpec) (data.Input, error) {
	c, h, w := net.InputShape()
	if spec.Size > 0 {
		h, w = spec.Size, spec.Size
	}
	if err := net.SetInput(h, w); err != nil {
		return data.Input{}, &data.Error{Field: "trainer.data.image.size", Msg: err.Error(), Err: err}
	}
	in := data.Input{Channels: c, Height: h, Width: w}
	in.Scale, in.Mean, in.Std = net.Scale()
	return in, in.Fits(spec.Channels)
}
