package configs

import (
	"github.com/invopop/jsonschema"

	"automl/trial"
)

// trainerDoc says what trains: builtinDoc, commandDoc or externalDoc.
type trainerDoc struct{ union }

var trainerVariants = []variant{
	{"builtin", func() any { return new(builtinDoc) }},
	{"command", func() any { return new(commandDoc) }},
	{"external", func() any { return new(externalDoc) }},
}

type builtinDoc struct {
	Type  string  `json:"type" jsonschema:"required,enum=builtin"`
	Task  string  `json:"task" jsonschema:"required,enum=image-classification,enum=image-multilabel,enum=image-regression,enum=text-classification,enum=text-multilabel,enum=text-regression,enum=text-generation,enum=tabular-classification,enum=tabular-multilabel,enum=tabular-regression" jsonschema_description:"What a row is, and what is learned of it."`
	Model string  `json:"model" jsonschema:"required" jsonschema_description:"Folder with config.json and model.safetensors; for tabular tasks the word mlp."`
	Data  dataDoc `json:"data" jsonschema:"required" jsonschema_description:"The rows."`
	Probe *bool   `json:"probe,omitempty" jsonschema_description:"Images and texts: begin with a probe, a linear model on what the pretrained model makes of the rows, which the other trials have to beat. It is one of budget.trials. Default: true, unless they leave no room for it."`
}

type dataDoc struct {
	Train string `json:"train" jsonschema:"required" jsonschema_description:"File with the rows: CSV, TSV (.tsv), JSON lines (.jsonl), each gzipped when the name ends in .gz, or Parquet (.parquet). For images also a folder with a folder of PNG and JPEG files for each class."`
	Valid string `json:"validation,omitempty" jsonschema_description:"File with the same columns to validate on, instead of folds."`
	Test  string `json:"test,omitempty" jsonschema_description:"File with the same columns, only read at the end."`

	Text     string   `json:"text,omitempty" jsonschema_description:"Text tasks: column with the text."`
	TextPair string   `json:"text_pair,omitempty" jsonschema_description:"Text tasks: column with the second text, where rows are pairs."`
	Label    string   `json:"label,omitempty" jsonschema_description:"Column with what is learned: the class, the number, or the labels of a row."`
	Labels   []string `json:"labels,omitempty" jsonschema:"minItems=1" jsonschema_description:"Multi-label tasks: columns that say yes or no, one for each label, instead of label."`
	Group    string   `json:"group,omitempty" jsonschema_description:"Column whose groups are compared: val_worst_group_accuracy, or val_worst_group_mse. It is no feature."`

	Separator string      `json:"separator,omitempty" jsonschema_description:"Multi-label tasks: what stands between the labels in the column label. Not needed for lists in JSON lines and Parquet."`
	FewShot   int         `json:"few_shot,omitempty" jsonschema:"minimum=1" jsonschema_description:"Classification: learn from so many rows of each class only, drawn with the seed."`
	Weights   weightsDocs `json:"class_weights,omitempty" jsonschema_description:"Classification: weight of the rows of a class in the loss, where it is not 1."`

	Image *imageDoc `json:"image,omitempty" jsonschema_description:"Image tasks: how a row makes an image. Not needed for folders."`
	Table *tableDoc `json:"table,omitempty" jsonschema_description:"Tabular tasks: how columns are read. Default: every column that is nothing else is a feature, of numbers where its values are."`
}

type imageDoc struct {
	Pixels   string  `json:"pixels,omitempty" jsonschema_description:"Pattern of the pixel columns, row by row, such as p*."`
	Height   int     `json:"height,omitempty" jsonschema:"minimum=1,maximum=4096" jsonschema_description:"With pixels: height of the image in the file."`
	Width    int     `json:"width,omitempty" jsonschema:"minimum=1,maximum=4096" jsonschema_description:"With pixels: width of the image in the file."`
	Channels int     `json:"channels,omitempty" jsonschema:"minimum=1,maximum=3" jsonschema_description:"With pixels: 1 (default) or 3."`
	Max      float64 `json:"max,omitempty" jsonschema:"exclusiveMinimum=0" jsonschema_description:"With pixels: value that means white. Default: 255."`
	Path     string  `json:"path,omitempty" jsonschema_description:"Column with the name of a PNG or JPEG file, relative to the folder of the data file."`
	Fit      string  `json:"fit,omitempty" jsonschema:"enum=crop,enum=pad,enum=stretch" jsonschema_description:"Of files of another shape: crop (default) cuts off what is too long, pad adds black, stretch distorts."`
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

	Resident *residentDoc `json:"resident,omitempty" jsonschema_description:"Python scripts: keep a process that has loaded their modules, of which trainers are forks. Default: false, each trainer loads its own."`
}

type externalDoc struct {
	Type  string   `json:"type" jsonschema:"required,enum=external"`
	Lease duration `json:"lease,omitempty" jsonschema_description:"How long a program that asked may be silent before the rest of its trial is handed out again, such as 2h; an ask may say something else. Default: a day."`
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
	case *externalDoc:
		return trial.TrainerSpec{Type: b.Type, Lease: float64(b.Lease)}
	case *commandDoc:
		out := trial.TrainerSpec{Type: b.Type, Workdir: b.Workdir, Resident: b.Resident.spec()}
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
	return trial.TrainerSpec{} // of a document with errors
}

func (d dataDoc) spec() *trial.DataSpec {
	out := &trial.DataSpec{Train: d.Train, Valid: d.Valid, Test: d.Test, Text: d.Text, TextPair: d.TextPair, Label: d.Label, Labels: d.Labels,
		Group: d.Group, Separator: d.Separator, FewShot: d.FewShot, ClassWeights: d.Weights}
	if d.Image != nil {
		out.Image = ref(trial.ImageSpec(*d.Image))
	}
	if d.Table != nil {
		out.Table = ref(trial.TableSpec(*d.Table))
	}
	return out
}

// weightsDocs are the weights of classes by name.
type weightsDocs map[string]float64

func (w *weightsDocs) decode(d *decoder, path string, n *node) {
	if n.kind != mapping {
		d.mismatch(path, n, "a section with classes and weights", rules{}).withHint("class_weights: {rare: 3}; the search parameter class_weights: balanced weighs by the rows there are")
		return
	}
	d.twice(path, n)
	*w = weightsDocs{}
	for i, k := range n.keys {
		at := join(path, k.name)
		v, ok := d.number(at, n.items[i], rules{})
		if ok && !(v > 0) {
			d.wrong(at, "%v is no weight", v).withHint("a number above 0")
		}
		(*w)[k.name] = v
	}
}

// JSONSchema is any names with numbers above 0.
func (weightsDocs) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "object", AdditionalProperties: &jsonschema.Schema{Type: "number", ExclusiveMinimum: "0"}}
}
