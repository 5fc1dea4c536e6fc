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

// ImageClassification is the task of telling which class an image belongs to.
const ImageClassification = "image-classification"

// Tasks lists what the trainer can do.
func Tasks() []string { return []string{ImageClassification} }

// Params describes every parameter that the trainer understands.
func Params() []train.KnownParam { return train.Known() }

// Metrics lists what the trainer reports after each epoch, all of which can be an objective.
func Metrics() []string {
	var out []string
	for _, m := range (&train.Evaluation{}).Metrics("val_") {
		out = append(out, m.Name)
	}
	return append(out, "train_loss", "train_accuracy")
}

// Check finds what would make every trial of a study fail: an unknown task, a model that cannot be read, any fault of the data
// files, a searched parameter (params, by name) that the trainer does not know. The fault is a [*data.Error], which names the
// field of the sweep file and says what would be right. It reads the data files in whole.
func Check(spec trial.TrainerSpec, params []string) error {
	net, err := loadModel(spec)
	if err != nil {
		return err
	}
	if err := data.Check(*spec.Data); err != nil {
		return err
	}
	if _, err := sized(net, spec.Data.Image); err != nil {
		return err
	}
	return checkParams(params)
}

// CheckFolds finds out whether the rows of the training file can be cut into the folds of a plan. It reads the file.
func CheckFolds(spec trial.TrainerSpec, plan trial.FoldPlan) error {
	if spec.Data == nil {
		return noData()
	}
	return data.CheckFolds(*spec.Data, plan)
}

// checkParams accepts a typed freeze parameter by the name that stands in the sweep file, too.
func checkParams(names []string) error {
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == train.FreezeName })
	err := train.CheckNames(names)
	var bad *train.ParamError
	if errors.As(err, &bad) {
		return &data.Error{Field: "parameters." + bad.Name, Msg: bad.Msg, Hint: bad.Hint, Err: err}
	}
	return err
}

func noData() error {
	return &data.Error{Field: "trainer.data", Msg: "the built-in trainer needs data", Hint: "data: {train: rows.csv, label: class, image: {..}}"}
}

// loadModel checks the task and reads the model.
func loadModel(spec trial.TrainerSpec) (*model.Net, error) {
	if !slices.Contains(Tasks(), spec.Task) {
		hint := "supported: " + strings.Join(Tasks(), ", ")
		if spec.Task == "" {
			return nil, &data.Error{Field: "trainer.task", Msg: "no task is named", Hint: hint}
		}
		return nil, &data.Error{Field: "trainer.task", Msg: fmt.Sprintf("the built-in trainer does not do %q", spec.Task), Hint: hint}
	}
	if spec.Data == nil {
		return nil, noData()
	}
	if spec.Model == "" {
		return nil, &data.Error{Field: "trainer.model", Msg: "no model is named", Hint: "model: a folder with config.json and model.safetensors"}
	}
	net, err := model.Load(spec.Model)
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
