package trial

// Verb is the answer to a trainer's report.
type Verb string

// The answers to a report.
const (
	Continue Verb = "continue"
	Pause    Verb = "pause" // the slot is wanted back; the checkpoint stays
	Stop     Verb = "stop"  // the trial is over
	Keep     Verb = "keep"  // no answer to a report: how much the checkpoint of a trial that is not at work is worth (Outbound.Worth)
)

// Assignment is a work order: take a trial from resource From (exclusive) to To (inclusive), resuming from its checkpoint.
type Assignment struct {
	Study     string      `json:"study"` // id
	Name      string      `json:"name"`  // of the study
	Trial     int         `json:"trial"`
	Attempt   int         `json:"attempt"` // 1, 2, ...: every assignment of a trial is a new attempt
	Phase     Phase       `json:"phase"`
	Seed      uint64      `json:"seed"` // of the study; a trainer derives what it draws from (seed, trial, fold)
	Params    Params      `json:"params"`
	Objective Objective   `json:"objective"`
	Others    []Objective `json:"others,omitempty"` // the further objectives: every report has their metrics too
	Shape     Shape       `json:"shape"`
	From      Resource    `json:"from"`
	To        Resource    `json:"to"`
	Split     FoldPlan    `json:"split"`
	Trainer   TrainerSpec `json:"trainer"`
	Resources Resources   `json:"resources"`
	Trace     string      `json:"trace,omitempty"` // the span of the attempt as W3C trace context has it; empty: nobody makes spans
	OOMs      int         `json:"ooms,omitempty"`  // attempts of the trial that ran out of memory: the trainer takes smaller micro-batches
}

// Key names an attempt.
type Key struct {
	Study   string `json:"study"`
	Trial   int    `json:"trial"`
	Attempt int    `json:"attempt"`
}

// Key returns the attempt of the assignment.
func (a Assignment) Key() Key { return Key{a.Study, a.Trial, a.Attempt} }

// Resources are what one trial needs of a runner.
type Resources struct {
	GPUs           int     `json:"gpus,omitempty"`
	Fraction       float64 `json:"fraction,omitempty"`        // of one GPU, in (0, 1]
	MemoryBytes    int64   `json:"memory_bytes,omitempty"`    // 0: no limit
	TimeoutSeconds float64 `json:"timeout_seconds,omitempty"` // of one attempt; 0: no limit
}

// GPUShare is how many GPUs one trial holds, which may be a fraction of one.
func (r Resources) GPUShare() float64 {
	if r.Fraction > 0 {
		return float64(r.GPUs) * r.Fraction
	}
	return float64(r.GPUs)
}

// MLP is the model of tabular tasks: a multilayer perceptron, made anew for each fold.
const MLP = "mlp"

// TrainerSpec says what trains: the built-in trainer, a command, or whoever calls ask and tell. All paths are absolute.
type TrainerSpec struct {
	Type    string            `json:"type"`              // builtin, command or external
	Task    string            `json:"task,omitempty"`    // builtin
	Model   string            `json:"model,omitempty"`   // builtin: a folder with config.json and model.safetensors, or MLP
	Data    *DataSpec         `json:"data,omitempty"`    // builtin
	Command []string          `json:"command,omitempty"` // command: an argv, no shell
	Workdir string            `json:"workdir,omitempty"` // command
	Env     map[string]string `json:"env,omitempty"`     // command: added to the child's environment

	Resident *ResidentSpec `json:"resident,omitempty"` // command: trainers are forks of a process that stays; nil: programs of their own

	Lease float64 `json:"lease_seconds,omitempty"` // external: how long whoever asked may be silent; 0: DefaultLease
}

// DataSpec says where the rows are and which columns mean what. A file is CSV, TSV, JSON lines or Parquet, as its name ends.
type DataSpec struct {
	Train string `json:"train"`                // a file, or for images a folder with a folder for each class
	Valid string `json:"validation,omitempty"` // the same columns; validated on instead of folds
	Test  string `json:"test,omitempty"`       // the same columns; only ever read at the end

	Text     string   `json:"text,omitempty"`      // text tasks: the column with the text
	TextPair string   `json:"text_pair,omitempty"` // text tasks: the column with the second text of a pair
	Label    string   `json:"label,omitempty"`     // the column with the class, the number or the list of labels
	Labels   []string `json:"labels,omitempty"`    // multi-label tasks: columns that say yes or no, instead of Label
	Group    string   `json:"group,omitempty"`     // the column whose groups metrics compare; no feature

	Separator    string             `json:"separator,omitempty"`     // multi-label tasks: between the labels of a text in Label
	FewShot      int                `json:"few_shot,omitempty"`      // classification: train on so many rows of each class; 0: on all
	ClassWeights map[string]float64 `json:"class_weights,omitempty"` // classification: weight of the rows of a class; others have 1

	Image *ImageSpec `json:"image,omitempty"` // image tasks
	Table *TableSpec `json:"table,omitempty"` // tabular tasks
}

// TableSpec says how the columns of a row are read. Every column that is nothing else is a feature: of numbers where all its
// values are, otherwise of categories.
type TableSpec struct {
	Drop        []string `json:"drop,omitempty"`        // columns that are no features
	Categorical []string `json:"categorical,omitempty"` // columns whose numbers are names of categories
}

// ImageSpec says how a row makes an image: from columns of pixels, or from a PNG or JPEG file. With neither Pixels nor Path the
// rows are the files of a folder.
type ImageSpec struct {
	Pixels   string  `json:"pixels,omitempty"`   // pattern of the pixel columns, row by row: "p*"
	Height   int     `json:"height,omitempty"`   // pixels: of the image in the file
	Width    int     `json:"width,omitempty"`    // pixels: of the image in the file
	Channels int     `json:"channels,omitempty"` // pixels: 1 (default, spread over the model's channels) or 3
	Max      float64 `json:"max,omitempty"`      // pixels: the value that means white; 0 is black

	Path string `json:"path,omitempty"` // the column with the image file, relative to the folder of the data file
	Fit  string `json:"fit,omitempty"`  // files: FitCrop (default), FitPad or FitStretch
	Size int    `json:"size,omitempty"` // side the image is scaled to; default: the model's own
}

// How an image file becomes an image of the model's shape.
const (
	FitCrop    = "crop"    // scaled to cover it, and cut off evenly on both sides
	FitPad     = "pad"     // scaled to lie within it, black around
	FitStretch = "stretch" // scaled along each axis
)
