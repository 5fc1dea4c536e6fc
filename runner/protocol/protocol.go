package protocol

import "automl/trial"

// The environment of a trainer.
const (
	EnvAssignment = "AUTOML_ASSIGNMENT" // path of the work file
	EnvSocket     = "AUTOML_SOCKET"     // path of the unix socket
	EnvDescribe   = "AUTOML_DESCRIBE"   // path of the file a script writes its parameters to, instead of training
)

// StdoutPrefix begins a line on standard output that counts as a report, for trainers without a client:
// automl: {"epoch":3,"val_accuracy":0.91}
const StdoutPrefix = "automl:"

// Work is what one trainer process has to do: train From.Epoch+1 to To.Epoch of one fold, or in phase refit To.Epoch epochs
// on all rows.
type Work struct {
	Study         string            `json:"study"`
	Name          string            `json:"name"`
	Trial         int               `json:"trial"`
	Attempt       int               `json:"attempt"`
	Phase         trial.Phase       `json:"phase"`
	Seed          uint64            `json:"seed"`
	Params        trial.Params      `json:"params"`
	Objective     trial.Objective   `json:"objective"`
	Others        []trial.Objective `json:"others,omitempty"` // the further objectives: every report must have their metrics too
	Fold          int               `json:"fold"`             // from 0; folds.k and above are fresh draws; -1 in phase refit
	Folds         trial.FoldPlan    `json:"folds"`            // with the hash every trainer must find, once it is known
	Epochs        int               `json:"epochs"`           // of a whole fold: what a learning-rate schedule spans
	From          trial.Resource    `json:"from"`
	To            trial.Resource    `json:"to"`
	CheckpointIn  string            `json:"checkpoint_in,omitempty"`  // a folder: the state after From.Epoch; absent at epoch 0
	CheckpointOut string            `json:"checkpoint_out,omitempty"` // an empty folder to write each checkpoint into
	ArtifactOut   string            `json:"artifact_out,omitempty"`   // refit: an empty folder for the finished model
	Scratch       string            `json:"scratch"`                  // an empty folder, removed afterwards
	GPUs          []int             `json:"gpus"`                     // as CUDA numbers them in this process: 0, 1, ...
	GPUShare      float64           `json:"gpu_share,omitempty"`      // of each of them that this trainer may take, in (0, 1]; 0: it has none
	GPUMemory     int64             `json:"gpu_memory,omitempty"`     // bytes of each of them that this trainer may take; 0: not known
	Threads       int               `json:"threads"`                  // processor cores this trainer may keep busy
	Memory        int64             `json:"memory,omitempty"`         // bytes this trainer may take; 0: not known
	Accumulate    int               `json:"accumulate"`               // parts to compute a batch in, their gradients added up; above 1 after it ran out of memory
	Trainer       trial.TrainerSpec `json:"trainer"`
	Cache         *Cache            `json:"cache,omitempty"` // built-in trainer: where to keep what frozen blocks compute; nil: in memory only
}

// Cache is a folder that all trainers of a machine share, and keep under its cap themselves.
type Cache struct {
	Dir   string `json:"dir"`
	Bytes int64  `json:"bytes"` // most, above 0
}

// Message is a line from the trainer; exactly one field is set.
type Message struct {
	Report     *Report     `json:"report,omitempty"`
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
	Progress   *Progress   `json:"progress,omitempty"`
	Folds      *Folds      `json:"folds,omitempty"`
	Failure    *Failure    `json:"failure,omitempty"`
	Artifact   *Artifact   `json:"artifact,omitempty"`
}

// Report is what was measured after one epoch.
type Report struct {
	Fold    int           `json:"fold"`
	Epoch   int           `json:"epoch"`
	Metrics trial.Metrics `json:"metrics"`
	Cost    float64       `json:"cost_seconds,omitempty"`
	Last    bool          `json:"last,omitempty"` // early stopping: this fold has no further epoch

	Confusion *trial.Confusion `json:"confusion,omitempty"` // of the validation rows; nil: none is kept

	Cache *trial.CacheUse `json:"cache,omitempty"` // what caching the activations of frozen blocks brought in this epoch
}

// Checkpoint says that CheckpointOut holds the state after Epoch.
type Checkpoint struct {
	Epoch int `json:"epoch"`
}

// Progress is for the bar: steps done of all steps of this epoch.
type Progress struct {
	Epoch int `json:"epoch"`
	Step  int `json:"step"`
	Steps int `json:"steps"`
}

// Folds proves which folds the trainer drew: FoldPlan.ManifestHash and the number of rows.
type Folds struct {
	Hash string `json:"hash"`
	N    int    `json:"n"`
}

// Failure says why the trainer is about to give up.
type Failure struct {
	Kind    trial.Failure `json:"kind"`
	Message string        `json:"message"`
}

// Artifact says that ArtifactOut holds the finished model.
type Artifact struct {
	Metrics trial.Metrics `json:"metrics,omitempty"` // measured with it, such as test accuracy
}

// Answer is a line from the runner: a decision after a report, or the echo of a checkpoint or an artifact.
type Answer struct {
	Decision   trial.Verb  `json:"decision,omitempty"`
	Reason     string      `json:"reason,omitempty"`
	Checkpoint *Checkpoint `json:"checkpoint,omitempty"`
	Artifact   *Artifact   `json:"artifact,omitempty"`
	Error      string      `json:"error,omitempty"` // the line was not understood, or could not be done; nothing else is set
}
