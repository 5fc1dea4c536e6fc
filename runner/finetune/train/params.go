package train

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"automl/runner/finetune/data"
	"automl/trial"
)

// KnownParam describes a parameter that the built-in trainer understands.
type KnownParam struct {
	Name    string
	Default string // as in a sweep file; "off" where there is none
	Meaning string // with its range

	rows    []trial.RowKind    // those that have it; nil: all
	targets []trial.TargetKind // those that have it; nil: all
}

// in reports whether a task has the parameter.
func (k KnownParam) in(task string) bool {
	rows, target := trial.SplitTask(task)
	return (k.rows == nil || slices.Contains(k.rows, rows)) && (k.targets == nil || slices.Contains(k.targets, target))
}

// Known lists every parameter the trainer understands in a task.
func Known(task string) []KnownParam {
	return slices.DeleteFunc(slices.Clone(known), func(k KnownParam) bool { return !k.in(task) })
}

var (
	images = []trial.RowKind{trial.ImageRows}
	tables = []trial.RowKind{trial.TableRows}
	// pretrained are the rows whose model has layers worth keeping.
	pretrained = []trial.RowKind{trial.ImageRows, trial.TextRows}
	texts      = []trial.RowKind{trial.TextRows}
	// named are the targets that are classes or labels.
	named = []trial.TargetKind{trial.Classification, trial.MultiLabel}
	// labelled are the targets that are something else than the row itself.
	labelled = []trial.TargetKind{trial.Classification, trial.MultiLabel, trial.Regression}
)

var known = []KnownParam{
	{"lr", "0.001", "learning rate, before the schedule and the factors of the blocks; > 0", nil, nil},
	{"head_lr", "off", "learning rate of the head, in place of lr; not with freeze.head_lr_factor; > 0", pretrained, nil},
	{"optimizer", "adamw", "adamw, sgd, lion or adafactor", nil, nil},
	{"momentum", "0.9", "sgd: momentum, [0, 1)", nil, nil},
	{"nesterov", "false", "sgd: look ahead by one momentum step", nil, nil},
	{"beta1", "0.9", "adamw, lion: decay of the running mean of the gradient; [0, 1)", nil, nil},
	{"beta2", "0.999", "adamw: decay of the running mean of its square; of the momentum of lion, where it is 0.99; [0, 1)", nil, nil},
	{"scale_parameter", "false", "adafactor: make the learning rate one relative to the size of the weights", nil, nil},
	{"weight_decay", "0", "decay of weights, not of biases and norms; >= 0", nil, nil},
	{"clip_norm", "off", "most that the norm of all gradients may be; 0 is off", nil, nil},
	{"ema_decay", "0", "decay of the average of the weights that is measured and handed over instead of them; 0 is off; [0, 1)", nil, nil},
	{"batch_size", "32", "rows per step; >= 1", nil, nil},
	{"lr_schedule", "cosine", "constant, linear, cosine, polynomial or one_cycle, over all epochs of a fold", nil, nil},
	{"lr_power", "2", "polynomial: the power of what is left by which the learning rate falls; > 0", nil, nil},
	{"warmup", "0", "share of all steps during which the learning rate rises, 0.3 with one_cycle; [0, 1)", nil, nil},
	{"dropout", "0", "share of the head's inputs (of an MLP, of every hidden layer's outputs) dropped in training; [0, 1)", nil, nil},
	{"label_smoothing", "0", "share of the target spread over all classes; [0, 1)", nil, named},
	{"class_weights", "given", "none, balanced (by one over the rows of a class), or given: those of trainer.data.class_weights", nil, named},
	{"early_stopping", "off", "epochs without a better objective before the fold ends; 0 is off", nil, nil},
	{"hidden", "64", "units of each hidden layer; >= 1", tables, nil},
	{"layers", "2", "hidden layers; >= 0", tables, nil},
	{"max_tokens", "128", "tokens of a text, those around it included; the rest is cut off; >= 3", texts, nil},
	{"hidden_dropout", "0.1", "share of what each layer that learns adds to its input dropped in training; [0, 1)", texts, nil},
	{"attention_dropout", "0.1", "share of the attention weights of layers that learn dropped in training; [0, 1)", texts, nil},
	{"hidden_dropout", "0", "of a ViT: share of what each layer that learns adds to its input dropped in training; [0, 1)", images, nil},
	{"attention_dropout", "0", "of a ViT: share of the attention weights of layers that learn dropped in training; [0, 1)", images, nil},
	{"lora_rank", "0", "rank of updates that train in place of the weights below the head; 0 is off: the weights themselves train; 0..1024", pretrained, nil},
	{"lora_alpha", "16", "lora: the updates are multiplied by this over the rank; > 0", pretrained, nil},
	{"lora_targets", "query_value", "lora: the weights that are updated: query_value, attention (query, key, value, output) or all (and the feed-forward network)", pretrained, nil},
	{"lora_dropout", "0", "lora: share of what each update reads dropped in training; [0, 1)", pretrained, nil},
	{"norm_momentum", "0.1", "weight of a batch in the running statistics of batch norms; (0, 1]", images, nil},
	{"augment_shift", "off", "most pixels of the model's input an image moves along each axis; >= 0", images, nil},
	{"augment_rotation", "off", "most degrees an image turns to either side; 0..180", images, nil},
	{"augment_crop", "off", "pixels of black around an image before a piece of its size is cut out; >= 0", images, nil},
	{"augment_flip", "false", "mirror every other image left and right", images, nil},
	{"head", "trained", "trained, or solved: a linear probe on frozen blocks, to convergence, in one epoch a fold", pretrained, labelled},
	{"head_start", "fresh", "what a trained head begins with: fresh, or solved, as a probe does; solved with lp_ft and gradual, in place of the epochs of the head alone", pretrained, labelled},
	{"head_c", "chosen", "solved head: inverse strength of the penalty, on features of norm 1; chosen on folds of the training rows; > 0", pretrained, labelled},
	{"augment_color", "off", "most by which brightness, contrast and saturation change, as a share; 0..1", images, nil},
	{"augment_cutout", "off", "pixels of the side of a square that turns black; >= 0", images, nil},
	{"augment_mixup", "off", "mix each image and its target with another's, shares by Beta(a, a); a >= 0, 0.2 is usual, 0 is off", images, nil},
	{"augment_mask", "off", "share of a text's tokens replaced by the mask token; [0, 1)", texts, labelled},
	{"augment_drop", "off", "share of a text's tokens left out; [0, 1)", texts, labelled},
	{FreezeName + "." + trial.FreezeStrategy, "full", "head_only, full, lp_ft, gradual, partial, surgical or lora", pretrained, nil},
	{FreezeName + "." + trial.FreezeDepth, "1", "share of the blocks below the head trained at the end; (0, 1]", pretrained, nil},
	{FreezeName + "." + trial.FreezeEvery, "1", "epochs between two unfreezings; >= 1", pretrained, nil},
	{FreezeName + "." + trial.FreezeDecay, "1", "learning-rate factor from a block to the one below; (0, 1]", pretrained, nil},
	{FreezeName + "." + trial.FreezeHead, "1", "learning-rate factor of the head; > 0", pretrained, nil},
	{FreezeName + "." + trial.FreezeRank, "8", "strategy lora: rank of the updates; 1..1024", pretrained, nil},
	{FreezeName + "." + trial.FreezeAlpha, "16", "strategy lora: the updates are multiplied by this over the rank; > 0", pretrained, nil},
}

// KnownParams are the names of Known, in its order.
func KnownParams(task string) []string {
	var out []string
	for _, k := range Known(task) {
		out = append(out, k.Name)
	}
	return out
}

// ParamError is a fault of one parameter.
type ParamError struct {
	Name string // "lr", "freeze.depth"
	Msg  string
	Hint string // what would be right; may be empty
}

// Error is one line.
func (e *ParamError) Error() string {
	s := fmt.Sprintf("parameter %s: %s", e.Name, e.Msg)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// CheckNames finds the first name that the trainer does not understand in a task.
func CheckNames(task string, names []string) error {
	all := KnownParams(task)
	for _, n := range names {
		if slices.Contains(all, n) {
			continue
		}
		e := &ParamError{Name: n, Msg: "the built-in trainer has no such parameter", Hint: "known are: " + strings.Join(all, ", ")}
		near := data.Nearest(n, all)
		switch {
		case trial.TableRows.HasTask(task) && (n == FreezeName || strings.HasPrefix(n, FreezeName+".")):
			e.Name, e.Msg = FreezeName, "an mlp is trained from scratch: it has no pretrained layers to freeze"
		case slices.ContainsFunc(known, func(k KnownParam) bool { return k.Name == n }):
			e.Msg = "task " + task + " has no such parameter"
		case near != "":
			e.Hint = fmt.Sprintf("did you mean %s? %s", near, e.Hint)
		}
		return e
	}
	return nil
}

// reader reads parameters and keeps the first fault.
type reader struct {
	params trial.Params
	err    error
}

func (r *reader) fail(name string, value any, hint string) {
	if r.err == nil {
		r.err = &ParamError{Name: name, Msg: fmt.Sprintf("%v is not allowed", value), Hint: hint}
	}
}

// number reads a number for which ok holds.
func (r *reader) number(name string, missing float64, hint string, ok func(float64) bool) float64 {
	value, there := r.params.Get(name)
	if !there {
		return missing
	}
	v := r.params.Float(name, math.NaN())
	if math.IsNaN(v) || math.IsInf(v, 0) || !ok(v) {
		r.fail(name, value, hint)
		return missing
	}
	return v
}

func (r *reader) positive(name string, missing float64) float64 {
	return r.number(name, missing, "a number above 0", func(v float64) bool { return v > 0 })
}

func (r *reader) atLeast(name string, missing, low float64) float64 {
	return r.number(name, missing, fmt.Sprintf("a number from %v up", low), func(v float64) bool { return v >= low })
}

func (r *reader) share(name string, missing float64) float64 {
	return r.number(name, missing, "a number from 0 up to, but not including, 1", func(v float64) bool { return v >= 0 && v < 1 })
}

func (r *reader) whole(name string, missing, low int) int {
	hint := fmt.Sprintf("a whole number from %d up", low)
	return int(r.number(name, float64(missing), hint, func(v float64) bool {
		return v == math.Trunc(v) && v >= float64(low) && v <= math.MaxInt32
	}))
}

// atMost reads a whole number from low to high.
func (r *reader) atMost(name string, missing, low, high int) int {
	return int(r.number(name, float64(missing), fmt.Sprintf("a whole number from %d to %d", low, high), func(v float64) bool {
		return v == math.Trunc(v) && v >= float64(low) && v <= float64(high)
	}))
}

func (r *reader) text(name, missing string, choices ...string) string {
	value, there := r.params.Get(name)
	if !there {
		return missing
	}
	s, ok := value.(string)
	if !ok || !slices.Contains(choices, s) {
		r.fail(name, value, "one of "+strings.Join(choices, ", "))
		return missing
	}
	return s
}

func (r *reader) flag(name string) bool {
	value, there := r.params.Get(name)
	b, ok := value.(bool)
	if there && !ok {
		r.fail(name, value, "true or false")
	}
	return b
}

// freeze checks the types, which trial.FreezeFrom does not, and leaves ranges to it.
func (r *reader) freeze() trial.FreezeSchedule {
	r.text(FreezeName+"."+trial.FreezeStrategy, "", names(trial.Strategies)...)
	r.positive(FreezeName+"."+trial.FreezeDepth, 1)
	r.whole(FreezeName+"."+trial.FreezeEvery, 1, 1)
	r.positive(FreezeName+"."+trial.FreezeDecay, 1)
	r.positive(FreezeName+"."+trial.FreezeHead, 1)
	r.atMost(FreezeName+"."+trial.FreezeRank, 1, 1, maxRank)
	r.positive(FreezeName+"."+trial.FreezeAlpha, 1)
	s, err := trial.FreezeFrom(r.params, FreezeName)
	if err != nil && r.err == nil {
		r.err = &ParamError{Name: FreezeName, Msg: err.Error()}
	}
	return s
}
