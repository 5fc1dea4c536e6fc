package train

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"automl/runner/finetune/augment"
	"automl/runner/finetune/optim"
	"automl/trial"
)

func TestDefaults(t *testing.T) {
	got, err := ParseOptions(trial.ImageTask, nil)
	want := Options{LR: 1e-3, Optimizer: optim.Default(optim.AdamW), BatchSize: 32, Curve: optim.Cosine, Power: 2, NormMomentum: 0.1, ClassWeights: GivenWeights, Head: TrainedHead, HeadStart: FreshHead,
		Freeze: trial.FreezeSchedule{Strategy: trial.Full, Depth: 1, UnfreezeEvery: 1, LayerDecay: 1, HeadLRFactor: 1}}
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestEveryParameterIsRead(t *testing.T) {
	params := trial.Params{
		p("lr", 0.1), p("optimizer", "sgd"), p("momentum", 0.5), p("nesterov", true), p("weight_decay", 0.2), p("clip_norm", int64(3)),
		p("batch_size", 16.0), p("lr_schedule", "linear"), p("warmup", 0.05), p("dropout", 0.3), p("label_smoothing", 0.1),
		p("class_weights", "balanced"), p("early_stopping", int64(4)), p("augment_shift", 1.5), p("augment_rotation", int64(10)),
		p("augment_crop", int64(2)), p("augment_flip", true), p("augment_color", 0.25), p("augment_cutout", int64(3)), p("augment_mixup", 0.2), p("freeze.strategy", "gradual"), p("freeze.depth", 0.5),
		p("freeze.unfreeze_every", int64(2)), p("freeze.layer_decay", 0.7), p("freeze.head_lr_factor", 1.0), p("head_lr", 0.5), p("norm_momentum", 0.05),
		p("head", "solved"), p("head_start", "fresh"), p("head_c", 3.0), p("beta1", 0.8), p("beta2", 0.98), p("scale_parameter", true), p("lr_power", 3.0), p("ema_decay", 0.99),
		p("hidden_dropout", 0.15), p("attention_dropout", 0.25),
		p("lora_rank", int64(3)), p("lora_alpha", 6.0), p("lora_targets", "all"), p("lora_dropout", 0.1), p("freeze.lora_rank", int64(5)), p("freeze.lora_alpha", 7.0),
	}
	got, err := ParseOptions(trial.ImageTask, params)
	want := Options{LR: 0.1, BatchSize: 16, HiddenDropout: 0.15, AttentionDropout: 0.25, Curve: optim.Linear, Power: 3, HeadLR: 0.5, EMADecay: 0.99, Warmup: 0.05, Dropout: 0.3, LabelSmoothing: 0.1, NormMomentum: 0.05, ClassWeights: BalancedWeights, Patience: 4, Head: SolvedHead, HeadStart: FreshHead, HeadC: 3,
		Optimizer: optim.Config{Kind: optim.SGD, WeightDecay: 0.2, Beta1: 0.8, Beta2: 0.98, Epsilon: 1e-8, Momentum: 0.5, Nesterov: true, ScaleParameter: true, ClipNorm: 3},
		Freeze:    trial.FreezeSchedule{Strategy: trial.Gradual, Depth: 0.5, UnfreezeEvery: 2, LayerDecay: 0.7, HeadLRFactor: 1},
		Augment:   augment.Config{Shift: 1.5, Rotation: 10, Crop: 2, Flip: true, Color: 0.25, Cutout: 3}, Mixup: 0.2,
		LoRA: LoRA{Rank: 3, Alpha: 6, Targets: "all", Dropout: 0.1}} // not those of the strategy lora
	if err != nil || got != want {
		t.Errorf("%+v, %v", got, err)
	}
	names := make([]string, len(params))
	for i, q := range params {
		names[i] = q.Name
	}
	all := KnownParams(trial.ImageTask)
	slices.Sort(names)
	slices.Sort(all)
	if !slices.Equal(names, all) {
		t.Errorf("known are %v, this test sets %v", all, names)
	}
}

// What a parameter is when it is left out may depend on others.
func TestDefaultsThatDepend(t *testing.T) {
	if got, err := ParseOptions(trial.TextTask, trial.Params{p("freeze.strategy", "lp_ft")}); err != nil || got.HeadStart != SolvedHead {
		t.Errorf("%+v, %v", got, err)
	}
	got, err := ParseOptions(trial.TableTask, trial.Params{p("optimizer", "lion"), p("lr_schedule", "one_cycle")})
	if err != nil || got.Optimizer != optim.Default(optim.Lion) || got.Warmup != 0.3 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = ParseOptions(trial.TableTask, trial.Params{p("lr_schedule", "one_cycle"), p("warmup", 0.0)}); err != nil || got.Warmup != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

// The strategy lora has rank and alpha of its own; where updates go and what they drop is said beside it.
func TestLoRAAsAFreezeStrategy(t *testing.T) {
	lora := p("freeze.strategy", "lora")
	got, err := ParseOptions(trial.ImageTask, trial.Params{lora, p("freeze.lora_rank", int64(4)), p("lora_dropout", 0.2), p("lora_targets", "attention")})
	if want := (LoRA{Rank: 4, Alpha: 16, Targets: "attention", Dropout: 0.2}); err != nil || got.LoRA != want || got.HeadStart != FreshHead {
		t.Errorf("%+v, %v", got, err)
	}
	for _, c := range []struct {
		param trial.Param
		name  string
		hint  string
	}{
		{p("lora_rank", int64(4)), "lora_rank", "freeze.lora_rank"},
		{p("lora_alpha", 4.0), "lora_alpha", "freeze.lora_alpha"},
		{p("freeze.lora_rank", int64(0)), "freeze.lora_rank", "from 1 to 1024"},
		{p("freeze.lora_rank", 2.5), "freeze.lora_rank", "whole"},
		{p("freeze.lora_alpha", "much"), "freeze.lora_alpha", "above 0"},
		{p("lora_dropout", 1.0), "lora_dropout", "not including, 1"},
	} {
		_, err := ParseOptions(trial.TextTask, trial.Params{lora, c.param})
		var e *ParamError
		if !errors.As(err, &e) || e.Name != c.name || !strings.Contains(e.Hint, c.hint) {
			t.Errorf("%v: %v", c.param, err)
		}
	}
}

func TestTableParameters(t *testing.T) {
	got, err := ParseOptions(trial.TableTask, trial.Params{p("layers", int64(0)), p("hidden", 100.0)})
	if err != nil || got.Layers != 0 || got.Hidden != 100 {
		t.Errorf("%+v, %v", got, err)
	}
	if got, err = ParseOptions(trial.TableTask, nil); err != nil || got.Layers != 2 || got.Hidden != 64 || got.Freeze.Strategy != trial.Full {
		t.Errorf("%+v, %v", got, err)
	}
	for _, c := range []struct {
		param trial.Param
		text  string
	}{
		{p("layers", int64(17)), "from 0 to 16"},
		{p("hidden", int64(0)), "from 1 to 8192"},
		{p("freeze.strategy", "full"), "from scratch"},
		{p("augment_shift", 1.0), "no such parameter"},
	} {
		if _, err := ParseOptions(trial.TableTask, trial.Params{c.param}); err == nil || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v", c.param, err)
		}
	}
}

func TestParameterErrors(t *testing.T) {
	for _, c := range []struct {
		param trial.Param
		name  string
		text  string
	}{
		{p("learning_rate", 0.1), "learning_rate", "known are: lr, head_lr"},
		{p("batchsize", 8.0), "batchsize", "did you mean batch_size?"},
		{p("lr", 0.0), "lr", "above 0"},
		{p("lr", "fast"), "lr", "above 0"},
		{p("lr", math.Inf(1)), "lr", "above 0"},
		{p("optimizer", "adam"), "optimizer", "one of adamw, sgd, lion, adafactor"},
		{p("optimizer", 1.0), "optimizer", "one of adamw, sgd, lion, adafactor"},
		{p("momentum", 1.0), "momentum", "not including, 1"},
		{p("beta2", 1.0), "beta2", "not including, 1"},
		{p("scale_parameter", 1.0), "scale_parameter", "true or false"},
		{p("ema_decay", 1.0), "ema_decay", "not including, 1"},
		{p("head_lr", -1.0), "head_lr", "above 0"},
		{p("lr_power", 0.0), "lr_power", "above 0"},
		{p("batch_size", 0.0), "batch_size", "from 1 up"},
		{p("batch_size", 1.5), "batch_size", "whole"},
		{p("weight_decay", -1.0), "weight_decay", "from 0 up"},
		{p("lr_schedule", "step"), "lr_schedule", "constant, linear, cosine, polynomial, one_cycle"},
		{p("nesterov", "yes"), "nesterov", "true or false"},
		{p("class_weights", "equal"), "class_weights", "none, balanced"},
		{p("augment_rotation", 200.0), "augment_rotation", "0..180"},
		{p("augment_color", 1.5), "augment_color", "a number from 0 to 1"},
		{p("augment_cutout", 1.5), "augment_cutout", "a whole number from 0 up"},
		{p("augment_mixup", -0.1), "augment_mixup", "a number from 0 up"},
		{p("augment_mask", 0.1), "augment_mask", "no such parameter"},
		{p("freeze.strategy", "some"), "freeze.strategy", "head_only, full"},
		{p("freeze.depth", 2.0), "freeze", "(0, 1]"},
		{p("freeze.depth", "all"), "freeze.depth", "above 0"},
		{p("freeze.unfreeze_every", 0.5), "freeze.unfreeze_every", "whole"},
	} {
		_, err := ParseOptions(trial.ImageTask, trial.Params{c.param})
		var bad *ParamError
		if !errors.As(err, &bad) || bad.Name != c.name || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%v: %v", c.param, err)
		}
	}
	_, err := ParseOptions(trial.ImageTask, trial.Params{p("optimizer", "sgd"), p("momentum", 0.0), p("nesterov", true)})
	if err == nil || !strings.Contains(err.Error(), "momentum must be above 0") {
		t.Errorf("nesterov without momentum: %v", err)
	}
}
