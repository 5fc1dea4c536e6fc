package configs

import "automl/trial"

// trainerDoc says what trains: builtinDoc, commandDoc or externalDoc.
type trainerDoc struct{ union }

var trainerVariants = []variant{
	{"builtin", func() any { return new(builtinDoc) }},
	{"command", func() any { return new(commandDoc) }},
	{"external", func() any { return new(externalDoc) }},
}

type builtinDoc struct {
	Type  string  `json:"type" jsonschema:"required,enum=builtin"`
	Task  string  `json:"task" jsonschema:"required,enum=image-classification,enum=text-classification,enum=tabular-classification" jsonschema_description:"What is learned."`
	Model string  `json:"model" jsonschema:"required" jsonschema_description:"Folder with config.json and model.safetensors; for tabular tasks the word mlp."`
	Data  dataDoc `json:"data" jsonschema:"required" jsonschema_description:"The rows."`
}

type dataDoc struct {
	Train string    `json:"train" jsonschema:"required" jsonschema_description:"CSV file, gzipped when it ends in .gz."`
	Test  string    `json:"test,omitempty" jsonschema_description:"CSV file with the same columns, only read at the end."`
	Text  string    `json:"text,omitempty" jsonschema_description:"Text tasks: column with the text."`
	Label string    `json:"label" jsonschema:"required" jsonschema_description:"Column with the class."`
	Image *imageDoc `json:"image,omitempty" jsonschema_description:"Image tasks: how columns make an image."`
	Table *tableDoc `json:"table,omitempty" jsonschema_description:"Tabular tasks: how columns are read. Default: every column but the label and folds.column is a feature, of numbers where its values are."`
}

type imageDoc struct {
	Pixels   string  `json:"pixels" jsonschema:"required" jsonschema_description:"Pattern of the pixel columns, row by row, such as p*."`
	Height   int     `json:"height" jsonschema:"required,minimum=1,maximum=4096" jsonschema_description:"Height of the image in the file."`
	Width    int     `json:"width" jsonschema:"required,minimum=1,maximum=4096" jsonschema_description:"Width of the image in the file."`
	Channels int     `json:"channels,omitempty" jsonschema:"minimum=1,maximum=3" jsonschema_description:"1 (default) or 3."`
	Max      float64 `json:"max,omitempty" jsonschema:"exclusiveMinimum=0" jsonschema_description:"Pixel value that means white. Default: 255."`
	Size     int     `json:"size,omitempty" jsonschema:"minimum=1,maximum=4096" jsonschema_description:"Side the image is scaled to. Default: the model's own."`
}

type tableDoc struct {
	Drop        []string `json:"drop,omitempty" jsonschema_description:"Columns that are no features."`
	Categorical []string `json:"categorical,omitempty" jsonschema_description:"Columns whose numbers are names of categories."`
}

type commandDoc struct {
	Type    string    `json:"type" jsonschema:"required,enum=command"`
	Command []literal `json:"command" jsonschema:"required,minItems=1" jsonschema_description:"Program and arguments; no shell sees them."`
	Workdir string    `json:"workdir,omitempty" jsonschema_description:"Folder the command runs in. Default: that of the sweep file."`
	Env     variables `json:"env,omitempty" jsonschema_description:"Environment variables to add."`
}

type externalDoc struct {
	Type string `json:"type" jsonschema:"required,enum=external"`
}

func (t *trainerDoc) decode(d *decoder, path string, n *node) {
	if n.kind == text && n.raw == "external" {
		t.body = &externalDoc{Type: "external"}
		return
	}
	t.union.decode(d, path, n, "a trainer", trainerVariants)
}

// variables are environment variables. encoding/json writes a map in the order of its keys, so the canonical form is stable.
type variables map[string]literal

func (v *variables) decode(d *decoder, path string, n *node) {
	if n.kind != mapping {
		d.mismatch(path, n, "a section with names and values", rules{}).withHint("env: {WANDB_MODE: offline}")
		return
	}
	d.twice(path, n)
	*v = variables{}
	for i, k := range n.keys {
		var l literal
		l.decode(d, join(path, k.name), n.items[i])
		(*v)[k.name] = l
	}
}

// spec is the trainer as work orders carry it.
func (t trainerDoc) spec() trial.TrainerSpec {
	switch b := t.body.(type) {
	case *builtinDoc:
		return trial.TrainerSpec{Type: b.Type, Task: b.Task, Model: b.Model, Data: b.Data.spec()}
	case *commandDoc:
		out := trial.TrainerSpec{Type: b.Type, Workdir: b.Workdir}
		for _, arg := range b.Command {
			out.Command = append(out.Command, string(arg))
		}
		for name, value := range b.Env {
			if out.Env == nil {
				out.Env = map[string]string{}
			}
			out.Env[name] = string(value)
		}
		return out
	}
	return trial.TrainerSpec{Type: "external"}
}

func (d dataDoc) spec() *trial.DataSpec {
	out := &trial.DataSpec{Train: d.Train, Test: d.Test, Text: d.Text, Label: d.Label}
	if d.Image != nil {
		im := d.Image
		out.Image = &trial.ImageSpec{Pixels: im.Pixels, Height: im.Height, Width: im.Width, Channels: im.Channels, Max: im.Max, Size: im.Size}
	}
	if d.Table != nil {
		out.Table = ref(trial.TableSpec(*d.Table))
	}
	return out
}
