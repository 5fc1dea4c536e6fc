package configs

import "automl/trial"

// document is the sweep file as Go types: its json tags are the keys, its jsonschema tags what is required and permitted. The
// decoder, the canonical form and the JSON Schema all come from it.
type document struct {
	Name        string         `json:"name,omitempty" jsonschema_description:"Name of the study, unique in a data directory. Default: the file's base name."`
	Objective   objectiveDocs  `json:"objective" jsonschema:"required" jsonschema_description:"What is optimized. A list is several objectives, of which the first leads."`
	Parameters  parameterDocs  `json:"parameters" jsonschema:"required" jsonschema_description:"The search space: a name and a parameter each. A bare value is a constant."`
	Constraints constraintDocs `json:"constraints,omitempty" jsonschema:"minItems=1" jsonschema_description:"Expressions that every configuration satisfies, such as batch_size * max_length <= 8192. One that names a parameter which does not exist holds."`
	Candidates  *candidatesDoc `json:"candidates,omitempty" jsonschema_description:"The only configurations there are: a list, or a CSV file with a column for each parameter, where an empty cell is a parameter that does not exist."`
	Enqueue     assignmentDocs `json:"enqueue,omitempty" jsonschema_description:"Configurations to run first. What an entry leaves out is drawn at random."`
	WarmStart   warmDocs       `json:"warm_start,omitempty" jsonschema_description:"Known results to learn from: names of earlier studies in the same data directory, and CSV files with the parameters and the metric."`
	Folds       *foldsDoc      `json:"folds,omitempty" jsonschema_description:"Cross-validation. Default: 5 folds for the built-in trainer, 1 for any other."`
	Epochs      *epochsDoc     `json:"epochs" jsonschema:"required" jsonschema_description:"How long a trial trains in each fold."`
	Workers     int            `json:"workers,omitempty" jsonschema:"minimum=1" jsonschema_description:"The most trials at once. Default: the slots there are."`
	Priority    int            `json:"priority,omitempty" jsonschema:"minimum=-8,maximum=8" jsonschema_description:"Beside other studies on the same runners: each step is worth twice the slots. No study starves. Default: 0."`
	Share       float64        `json:"share,omitempty" jsonschema:"exclusiveMinimum=0,maximum=1000" jsonschema_description:"Beside other studies of the same priority: how many slots it gets in proportion. Default: 1."`
	Sampler     *samplerDoc    `json:"sampler,omitempty" jsonschema_description:"Who proposes parameters. Default: auto."`
	Scheduler   *schedulerDoc  `json:"scheduler,omitempty" jsonschema_description:"Who decides how far a trial trains. Default: auto."`
	Budget      *budgetDoc     `json:"budget,omitempty" jsonschema_description:"When the search ends, whichever comes first. Default: after 100 trials; never with an external trainer."`
	Trainer     trainerDoc     `json:"trainer" jsonschema:"required" jsonschema_description:"What trains."`
	Resources   *resourcesDoc  `json:"resources,omitempty" jsonschema_description:"What one trial needs of a machine."`
	Confirm     *confirmDoc    `json:"confirm,omitempty" jsonschema_description:"Train the best trials again before one is handed over, so that luck is not taken for quality."`
	Refit       *bool          `json:"refit,omitempty" jsonschema_description:"Train the winner on all rows at the end, and keep the model. Default: true for the built-in trainer, false for a command, whose script then has no validation rows."`
	Seed        *uint64        `json:"seed,omitempty" jsonschema:"minimum=0" jsonschema_description:"Every random draw derives from it. Default: 1."`
}

// notSupported are the keys and the words of the format that this version does not act on. They are refused, never ignored.
var notSupported = map[string]string{
	"folds.split: time": "folds in the order of time",
}

type foldsDoc struct {
	K      int             `json:"k" jsonschema:"required,minimum=1,maximum=1000" jsonschema_description:"Number of folds; 1 is a single hold-out of a fifth of the rows."`
	Split  trial.SplitKind `json:"split,omitempty" jsonschema:"enum=stratified,enum=group,enum=plain,enum=fixed" jsonschema_description:"How rows are dealt to folds; fixed: the column names the fold each row is held out in. Default: stratified with the built-in trainer or a column, otherwise plain."`
	Column string          `json:"column,omitempty" jsonschema_description:"The column that stratified, group and fixed look at. Default for stratified: what is learned, numbers by tenths."`
	Race   *raceDoc        `json:"race,omitempty" jsonschema_description:"Stop a trial between folds once it is too unlikely to beat the incumbent. Default: true from 3 folds on, when there is one objective and its folds count by their mean."`
}

func (*foldsDoc) short() string { return "k" }

type epochsDoc struct {
	Max   int `json:"max" jsonschema:"required,minimum=1,maximum=1000000" jsonschema_description:"Epochs of a fold."`
	Grace int `json:"grace,omitempty" jsonschema:"minimum=1" jsonschema_description:"No trial is stopped before this many epochs. Default: 3, or max if that is less."`
}

func (*epochsDoc) short() string { return "max" }

type budgetDoc struct {
	Trials   int     `json:"trials,omitempty" jsonschema:"minimum=1,maximum=10000000" jsonschema_description:"The total number of trials, also after the study is continued."`
	Hours    float64 `json:"hours,omitempty" jsonschema:"exclusiveMinimum=0,maximum=100000" jsonschema_description:"Hours from the start."`
	GPUHours float64 `json:"gpu_hours,omitempty" jsonschema:"exclusiveMinimum=0" jsonschema_description:"GPU hours of all trials together."`
	Deadline clock   `json:"deadline,omitempty" jsonschema_description:"The next time the local clock shows this, such as 07:00."`
}

type resourcesDoc struct {
	GPUs     *int     `json:"gpus,omitempty" jsonschema:"minimum=0,maximum=1024" jsonschema_description:"Number of GPUs. Default: 0, or 1 with a fraction."`
	Fraction float64  `json:"fraction,omitempty" jsonschema:"exclusiveMinimum=0,maximum=1" jsonschema_description:"Share of one GPU."`
	Memory   memory   `json:"memory,omitempty" jsonschema_description:"Most memory, such as 8GiB."`
	Timeout  duration `json:"timeout,omitempty" jsonschema_description:"Longest time of one attempt, such as 2h or 90m."`
}

type confirmDoc struct {
	Top   int `json:"top,omitempty" jsonschema:"minimum=1,maximum=1000" jsonschema_description:"How many of the best trials. Default: 3."`
	Seeds int `json:"seeds,omitempty" jsonschema:"minimum=1,maximum=1000" jsonschema_description:"How many more times each. Default: 1."`
}
