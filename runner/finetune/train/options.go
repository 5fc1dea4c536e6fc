package train

import (
	"automl/runner/finetune/augment"
	"automl/runner/finetune/model"
	"automl/runner/finetune/optim"
	"automl/trial"
)

// Options are what the parameters of a trial say about training. See Known for names, defaults and ranges.
type Options struct {
	LR             float64
	Optimizer      optim.Config
	BatchSize      int
	Curve          optim.Curve
	Warmup         float64 // share of all steps
	Power          float64 // of optim.Polynomial
	HeadLR         float64 // of the head, in place of LR; 0: that of the freeze schedule
	EMADecay       float64 // of the average of the weights that is measured and handed over; 0: the weights themselves are
	Dropout        float64 // before the head; of an MLP, after each hidden layer
	LabelSmoothing float64
	// Text tasks: dropout within the layers of a transformer that learn, of what a layer adds and of attention weights.
	HiddenDropout, AttentionDropout float64
	MaxTokens                       int     // text tasks: of a text, those around it included; more are cut off
	LoRA                            LoRA    // of transformers: low-rank updates that train in place of weights
	NormMomentum                    float64 // of running statistics: higher than in pretraining, since fine-tuning takes few steps
	ClassWeights                    string  // NoWeights, BalancedWeights or GivenWeights
	Patience                        int     // epochs without a better objective before the fold ends; 0: never
	Hidden                          int     // tabular tasks: width of each hidden layer
	Layers                          int     // tabular tasks: hidden layers
	Freeze                          trial.FreezeSchedule
	Head                            string             // TrainedHead or SolvedHead
	HeadStart                       string             // of a trained head: FreshHead or SolvedHead
	HeadC                           float64            // of a head that is solved: inverse strength of its penalty; 0: chosen on folds of the training rows
	Augment                         augment.Config     // of images; the zero Config: none
	Mixup                           float64            // of images: by Beta(Mixup, Mixup); 0: none
	TextAugment                     augment.TextConfig // of texts; the zero TextConfig: none
}

// The class weights there are.
const (
	NoWeights       = "none"
	BalancedWeights = "balanced" // by one over the rows of the class
	GivenWeights    = "given"    // as the sweep file says; where it says nothing, none
)

// FreezeName is the name of the typed parameter that becomes freeze.strategy, freeze.depth, ...
const FreezeName = "freeze"

// ParseOptions reads the parameters of a trial of a task. A parameter that is unknown, of the wrong type or out of its range is a
// [*ParamError]. Parameters that the chosen optimizer does not use (momentum for AdamW) are allowed and have no effect.
func ParseOptions(task string, p trial.Params) (Options, error) {
	given := make([]string, len(p))
	for i, q := range p {
		given[i] = q.Name
	}
	if err := CheckNames(task, given); err != nil {
		return Options{}, err
	}
	r := reader{params: p}
	oc := optim.Default(optim.Kind(r.text("optimizer", string(optim.AdamW), names(optim.Kinds)...)))
	oc.Beta1, oc.Beta2 = r.share("beta1", oc.Beta1), r.share("beta2", oc.Beta2)
	oc.WeightDecay = r.atLeast("weight_decay", 0, 0)
	oc.ClipNorm = r.atLeast("clip_norm", 0, 0)
	oc.Momentum = r.share("momentum", oc.Momentum)
	oc.Nesterov = r.flag("nesterov")
	oc.ScaleParameter = r.flag("scale_parameter")
	curve := optim.Curve(r.text("lr_schedule", string(optim.Cosine), names(optim.Curves)...))
	o := Options{
		LR:             r.positive("lr", 1e-3),
		Optimizer:      oc,
		BatchSize:      r.whole("batch_size", 32, 1),
		Curve:          curve,
		Warmup:         r.share("warmup", warmup(curve)),
		Power:          r.positive("lr_power", 2),
		HeadLR:         r.positive("head_lr", 0),
		EMADecay:       r.share("ema_decay", 0),
		Dropout:        r.share("dropout", 0),
		LabelSmoothing: r.share("label_smoothing", 0),
		NormMomentum:   r.number("norm_momentum", 0.1, "a number above 0, at most 1", func(v float64) bool { return v > 0 && v <= 1 }),
		ClassWeights:   r.text("class_weights", GivenWeights, NoWeights, BalancedWeights, GivenWeights),
		Patience:       r.whole("early_stopping", 0, 0),
		Augment: augment.Config{
			Shift:    r.atLeast("augment_shift", 0, 0),
			Rotation: r.atLeast("augment_rotation", 0, 0),
			Crop:     r.whole("augment_crop", 0, 0),
			Flip:     r.flag("augment_flip"),
			Color:    r.number("augment_color", 0, "a number from 0 to 1", func(v float64) bool { return v >= 0 && v <= 1 }),
			Cutout:   r.whole("augment_cutout", 0, 0),
		},
		Mixup:       r.atLeast("augment_mixup", 0, 0),
		TextAugment: augment.TextConfig{Mask: r.share("augment_mask", 0), Drop: r.share("augment_drop", 0)},
	}
	if trial.TableRows.HasTask(task) {
		o.Hidden = r.atMost("hidden", 64, 1, model.MaxHidden)
		o.Layers = r.atMost("layers", 2, 0, model.MaxLayers)
	}
	if trial.TextRows.HasTask(task) {
		o.HiddenDropout, o.AttentionDropout = r.share("hidden_dropout", 0.1), r.share("attention_dropout", 0.1)
		o.MaxTokens = r.whole("max_tokens", 128, 3)
	}
	if trial.ImageRows.HasTask(task) {
		o.HiddenDropout, o.AttentionDropout = r.share("hidden_dropout", 0), r.share("attention_dropout", 0)
	}
	o.Freeze = r.freeze()
	o.LoRA = r.lora(o.Freeze)
	o.Head, o.HeadC = r.text("head", TrainedHead, TrainedHead, SolvedHead), r.positive("head_c", 0)
	start := FreshHead
	if o.Freeze.Strategy == trial.LPFT || o.Freeze.Strategy == trial.Gradual {
		start = SolvedHead
	}
	if task == trial.GenerationTask { // its head is no regression
		start = FreshHead
	}
	o.HeadStart = r.text("head_start", start, FreshHead, SolvedHead)
	if r.err != nil {
		return Options{}, r.err
	}
	if err := o.validate(); err != nil {
		return Options{}, err
	}
	return o, nil
}

// warmup is the usual one of a schedule.
func warmup(c optim.Curve) float64 {
	if c == optim.OneCycle {
		return optim.OneCycleWarmup
	}
	return 0
}

// factors are those of the learning rate, by block: the freeze schedule's, but with HeadLR the head's own rate.
func (o Options) factors(blocks int) []float64 {
	out := o.Freeze.LRFactors(blocks)
	if o.HeadLR > 0 {
		out[blocks-1] = o.HeadLR / o.LR
	}
	return out
}

// names are the values of an enumeration as text.
func names[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, v := range all {
		out[i] = string(v)
	}
	return out
}

// validate checks what concerns more than one parameter, or is checked elsewhere.
func (o Options) validate() error {
	if err := o.Augment.Validate(); err != nil {
		return &ParamError{Name: "augment_rotation", Msg: err.Error()} // the only range that reader does not check
	}
	if o.HeadLR > 0 && o.Freeze.HeadLRFactor != 1 {
		return &ParamError{Name: "head_lr", Msg: "the rate of the head is set twice: " + FreezeName + "." + trial.FreezeHead + " is there too",
			Hint: "one of the two"}
	}
	if err := o.Optimizer.Validate(); err != nil {
		return &ParamError{Name: "nesterov", Msg: err.Error(), Hint: "momentum must be above 0"}
	}
	return nil
}
