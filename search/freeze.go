package search

import (
	"fmt"
	"slices"

	"automl/trial"
)

// FreezeOptions narrows a typed freeze parameter. A zero field means the default.
type FreezeOptions struct {
	Strategies    []trial.Strategy // default: all but lora, which not every network and trainer can follow
	Depth         []float64        // shares of the blocks below the head, (0, 1]; default: a quarter to all
	UnfreezeEvery []int64          // epochs between two unfreezings, each at least 1; default: 1, 2, 3
	LayerDecay    [2]float64       // low and high in (0, 1]; default: ULMFiT's 1/2.6 up to 1, none
	HeadLRFactor  [2]float64       // low and high above 0, searched in the logarithm; default: 1 to 100
	LoRARank      []int64          // ranks of updates, each at least 1; default: 4, 8, 16
	LoRAAlpha     [2]float64       // low and high above 0, searched in the logarithm; default: 8 to 64
}

// The defaults of FreezeOptions. A head that starts at random needs a rate well above that of pretrained blocks: good
// fine-tuning runs use 20 to 100 times.
var (
	defaultStrategies    = slices.DeleteFunc(slices.Clone(trial.Strategies), func(s trial.Strategy) bool { return s == trial.LoRA })
	defaultDepth         = []float64{0.25, 0.5, 0.75, 1}
	defaultUnfreezeEvery = []int64{1, 2, 3}
	defaultLayerDecay    = [2]float64{0.38, 1}
	defaultHeadLRFactor  = [2]float64{1, 100}
	defaultLoRARank      = []int64{4, 8, 16}
	defaultLoRAAlpha     = [2]float64{8, 64}
)

// Which strategies use which part of a schedule.
var (
	usesDepth = []trial.Strategy{trial.Gradual, trial.Partial, trial.Surgical}
	usesEvery = []trial.Strategy{trial.LPFT, trial.Gradual}
	usesDecay = []trial.Strategy{trial.Full, trial.LPFT, trial.Gradual, trial.Partial, trial.Surgical, trial.LoRA}
	usesRank  = []trial.Strategy{trial.LoRA}
)

// ExpandFreeze turns a typed freeze parameter into the parameters trial.FreezeFrom reads. Parts that only some strategies use
// depend on the strategy; parts that none of the given strategies uses are left out.
func ExpandFreeze(name string, o FreezeOptions) ([]Parameter, error) {
	o = o.withDefaults()
	if err := o.validate(name); err != nil {
		return nil, err
	}
	f := freezeExpansion{name: name, strategies: o.Strategies}
	f.add(trial.FreezeStrategy, trial.Strategies, choice(Categorical, o.Strategies))
	f.add(trial.FreezeDepth, usesDepth, choice(Ordinal, o.Depth))
	f.add(trial.FreezeEvery, usesEvery, everyParameter(o.UnfreezeEvery))
	f.add(trial.FreezeDecay, usesDecay, Parameter{Kind: Float, Low: o.LayerDecay[0], High: o.LayerDecay[1]})
	f.add(trial.FreezeHead, trial.Strategies, Parameter{Kind: Float, Low: o.HeadLRFactor[0], High: o.HeadLRFactor[1], Log: true})
	f.add(trial.FreezeRank, usesRank, choice(Ordinal, o.LoRARank))
	f.add(trial.FreezeAlpha, usesRank, Parameter{Kind: Float, Low: o.LoRAAlpha[0], High: o.LoRAAlpha[1], Log: true})
	return f.parameters, nil
}

func (o FreezeOptions) withDefaults() FreezeOptions {
	if o.Strategies == nil {
		o.Strategies = defaultStrategies
	}
	if o.Depth == nil {
		o.Depth = defaultDepth
	}
	if o.UnfreezeEvery == nil {
		o.UnfreezeEvery = defaultUnfreezeEvery
	}
	if o.LayerDecay == ([2]float64{}) {
		o.LayerDecay = defaultLayerDecay
	}
	if o.HeadLRFactor == ([2]float64{}) {
		o.HeadLRFactor = defaultHeadLRFactor
	}
	if o.LoRARank == nil {
		o.LoRARank = defaultLoRARank
	}
	if o.LoRAAlpha == ([2]float64{}) {
		o.LoRAAlpha = defaultLoRAAlpha
	}
	return o
}

func (o FreezeOptions) validate(name string) error {
	p := Parameter{Name: name}
	for i, s := range o.Strategies {
		if !slices.Contains(trial.Strategies, s) {
			return p.wrong("strategies", fmt.Sprintf("use some of %v", trial.Strategies), "%q is no freeze strategy", string(s))
		}
		if slices.Contains(o.Strategies[:i], s) {
			return p.wrong("strategies", "drop one of them", "the strategy %s stands twice", s)
		}
	}
	switch {
	case len(o.Strategies) == 0:
		return p.wrong("strategies", "list at least one", "there are no strategies")
	case len(o.Depth) == 0 || !increasing(o.Depth) || !(o.Depth[0] > 0) || !(o.Depth[len(o.Depth)-1] <= 1):
		return p.wrong("depth", "list shares of the blocks, such as [0.5, 1]", "depths must rise within (0, 1], not %v", o.Depth)
	case len(o.UnfreezeEvery) == 0 || !increasing(o.UnfreezeEvery) || o.UnfreezeEvery[0] < 1:
		return p.wrong("unfreeze_every", "list epochs, such as [1, 2, 3]", "epochs must rise from at least 1, not %v", o.UnfreezeEvery)
	case !(o.LayerDecay[0] > 0 && o.LayerDecay[0] <= o.LayerDecay[1] && o.LayerDecay[1] <= 1):
		return p.wrong("layer_decay", "give low and high, such as [0.38, 1]", "layer_decay must lie in (0, 1], not %v", o.LayerDecay)
	case !(o.HeadLRFactor[0] > 0 && o.HeadLRFactor[0] <= o.HeadLRFactor[1] && finite(o.HeadLRFactor[1])):
		return p.wrong("head_lr_factor", "give low and high, such as [1, 100]", "head_lr_factor must be above 0, not %v", o.HeadLRFactor)
	case len(o.LoRARank) == 0 || !increasing(o.LoRARank) || o.LoRARank[0] < 1:
		return p.wrong("lora_rank", "list ranks, such as [4, 8, 16]", "ranks must rise from at least 1, not %v", o.LoRARank)
	case !(o.LoRAAlpha[0] > 0 && o.LoRAAlpha[0] <= o.LoRAAlpha[1] && finite(o.LoRAAlpha[1])):
		return p.wrong("lora_alpha", "give low and high, such as [8, 64]", "lora_alpha must be above 0, not %v", o.LoRAAlpha)
	}
	return nil
}

func increasing[T int64 | float64](v []T) bool {
	for i := 1; i < len(v); i++ {
		if !(v[i-1] < v[i]) {
			return false
		}
	}
	return true
}

// choice is a parameter with a list of values.
func choice[T trial.Strategy | float64 | int64](kind Kind, values []T) Parameter {
	p := Parameter{Kind: kind}
	for _, v := range values {
		var c any = v
		if s, ok := c.(trial.Strategy); ok {
			c = string(s)
		}
		p.Choices = append(p.Choices, c)
	}
	return p
}

// everyParameter is a range when the epochs have no gap, otherwise a list.
func everyParameter(epochs []int64) Parameter {
	low, high := epochs[0], epochs[len(epochs)-1]
	if high-low == int64(len(epochs)-1) {
		return Parameter{Kind: Int, Low: float64(low), High: float64(high)}
	}
	return choice(Ordinal, epochs)
}

// freezeExpansion collects the parts of one typed freeze parameter.
type freezeExpansion struct {
	name       string
	strategies []trial.Strategy
	parameters []Parameter
}

// add appends a part that only the given strategies use: without a condition when all of the space's do, not at all when none
// does. A part with a single value becomes a constant.
func (f *freezeExpansion) add(part string, users []trial.Strategy, p Parameter) {
	var values []any
	for _, s := range f.strategies {
		if slices.Contains(users, s) {
			values = append(values, string(s))
		}
	}
	if len(values) == 0 {
		return
	}
	p.Name, p.Freeze = f.name+"."+part, f.name
	if p.count() == 1 {
		p = Parameter{Name: p.Name, Freeze: f.name, Kind: Constant, Choices: []any{p.at(0)}}
	}
	if len(values) < len(f.strategies) {
		p.When = []Condition{{Parent: f.name + "." + trial.FreezeStrategy, Values: values}}
	}
	f.parameters = append(f.parameters, p)
}
