package trial

// Verb is the answer to a trainer's report.
type Verb string

// The answers to a report.
const (
	Continue Verb = "continue"
	Pause    Verb = "pause" // the slot is wanted back; the checkpoint stays
	Stop     Verb = "stop"  // the trial is over
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

// The tasks of the built-in trainer.
const (
	ImageTask = "image-classification"
	TextTask  = "text-classification"
	TableTask = "tabular-classification"
)

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
}

// DataSpec says where the rows are and which columns mean what.
type DataSpec struct {
	Train string     `json:"train"`           // a CSV file, gzipped when it ends in .gz
	Test  string     `json:"test,omitempty"`  // the same columns; only ever read at the end
	Text  string     `json:"text,omitempty"`  // text tasks: the column with the text
	Label string     `json:"label"`           // the column with the class
	Image *ImageSpec `json:"image,omitempty"` // image tasks
	Table *TableSpec `json:"table,omitempty"` // tabular tasks
}

// TableSpec says how the columns of a row are read. Every column but the label and that of the split is a feature: of numbers
// where all its values are, otherwise of categories.
type TableSpec struct {
	Drop        []string `json:"drop,omitempty"`        // columns that are no features
	Categorical []string `json:"categorical,omitempty"` // columns whose numbers are names of categories
}

// ImageSpec says how the columns of a row make an image.
type ImageSpec struct {
	Pixels   string  `json:"pixels"`             // pattern of the pixel columns, row by row: "p*"
	Height   int     `json:"height"`             // of the image in the file
	Width    int     `json:"width"`              // of the image in the file
	Channels int     `json:"channels,omitempty"` // 1 (default, spread over the model's channels) or 3
	Max      float64 `json:"max"`                // the pixel value that means white; 0 is black
	Size     int     `json:"size,omitempty"`     // side the image is scaled to; default: the model's own
}
