package configs

import (
	"bytes"
	"encoding/json"

	"automl/trial"
)

// Bounds of the search space. Some checks compare every parameter or choice with every other.
const (
	maxParameters = 1000
	maxChoices    = 1000
	maxEnqueue    = 10_000
	maxCandidates = 200_000
)

// parameterDocs is the search space in the order it was written.
type parameterDocs []parameterDoc

// parameterDoc is a named parameter.
type parameterDoc struct {
	name string
	union
}

// The forms of a parameter.
var parameterVariants = []variant{
	{"float", func() any { return new(floatDoc) }},
	{"int", func() any { return new(intDoc) }},
	{"ordinal", func() any { return new(ordinalDoc) }},
	{"categorical", func() any { return new(categoricalDoc) }},
	{"constant", func() any { return new(constantDoc) }},
	{"freeze", func() any { return new(freezeDoc) }},
}

// whenDoc is what the parameters that may have a condition have in common.
type whenDoc struct {
	When conditionDocs `json:"when,omitempty" jsonschema_description:"The parameter exists only while the named parameters have one of these values."`
}

// priorDoc is what a person believes about the best value: {value, confidence}, or the value alone.
type priorDoc struct {
	Value      *scalar    `json:"value" jsonschema:"required" jsonschema_description:"The value that is believed to be best."`
	Confidence confidence `json:"confidence,omitempty" jsonschema_description:"low, medium, high, or a number from 0 to 1. Default: medium."`
}

func (*priorDoc) short() string { return "value" }

// believedDoc is what the parameters that are searched have in common.
type believedDoc struct {
	Prior *priorDoc `json:"prior,omitempty" jsonschema_description:"What is believed of the best value; forgotten as evidence grows."`
	whenDoc
}

type floatDoc struct {
	Type string  `json:"type" jsonschema:"required,enum=float"`
	Low  float64 `json:"low" jsonschema:"required" jsonschema_description:"Smallest value."`
	High float64 `json:"high" jsonschema:"required" jsonschema_description:"Largest value, included."`
	Log  bool    `json:"log,omitempty" jsonschema_description:"Search in the logarithm; low must be above 0."`
	Step float64 `json:"step,omitempty" jsonschema:"exclusiveMinimum=0" jsonschema_description:"Only low, low + step, low + 2 step and so on."`
	believedDoc
}

type intDoc struct {
	Type string `json:"type" jsonschema:"required,enum=int"`
	Low  int64  `json:"low" jsonschema:"required" jsonschema_description:"Smallest value."`
	High int64  `json:"high" jsonschema:"required" jsonschema_description:"Largest value, included."`
	Log  bool   `json:"log,omitempty" jsonschema_description:"Search in the logarithm; low must be above 0."`
	Step int64  `json:"step,omitempty" jsonschema:"minimum=1" jsonschema_description:"Only low, low + step, low + 2 step and so on."`
	believedDoc
}

type ordinalDoc struct {
	Type    string  `json:"type" jsonschema:"required,enum=ordinal"`
	Choices choices `json:"choices" jsonschema:"required" jsonschema_description:"The values in their order."`
	believedDoc
}

type categoricalDoc struct {
	Type    string  `json:"type" jsonschema:"required,enum=categorical"`
	Choices choices `json:"choices" jsonschema:"required" jsonschema_description:"The values; they have no order."`
	believedDoc
}

type constantDoc struct {
	Type  string  `json:"type,omitempty" jsonschema:"enum=constant"`
	Value *scalar `json:"value" jsonschema:"required" jsonschema_description:"The value every trial has."`
	whenDoc
}

type freezeDoc struct {
	Type          string           `json:"type" jsonschema:"required,enum=freeze"`
	Strategies    []trial.Strategy `json:"strategies,omitempty" jsonschema:"minItems=1,enum=head_only,enum=full,enum=lp_ft,enum=gradual,enum=partial,enum=surgical,enum=lora" jsonschema_description:"Kinds of schedules to try. Default: all but lora."`
	Depth         []float64        `json:"depth,omitempty" jsonschema:"minItems=1,exclusiveMinimum=0,maximum=1" jsonschema_description:"Shares of the blocks below the head that are trained at the end, rising."`
	UnfreezeEvery []int64          `json:"unfreeze_every,omitempty" jsonschema:"minItems=1,minimum=1" jsonschema_description:"Epochs between two unfreezings, rising."`
	LayerDecay    *span            `json:"layer_decay,omitempty" jsonschema_description:"Low and high of the learning-rate factor from one block to the one below, in (0, 1]."`
	HeadLRFactor  *span            `json:"head_lr_factor,omitempty" jsonschema_description:"Low and high of the learning-rate factor of the head, above 0."`
	LoRARank      []int64          `json:"lora_rank,omitempty" jsonschema:"minItems=1,minimum=1" jsonschema_description:"Ranks of the updates of lora, rising."`
	LoRAAlpha     *span            `json:"lora_alpha,omitempty" jsonschema_description:"Low and high of what the updates of lora are multiplied by, over the rank; above 0."`
}

// decode reads the parameters; a bare scalar is short for a constant.
func (p *parameterDocs) decode(d *decoder, path string, n *node) {
	if n.kind != mapping {
		d.mismatch(path, n, "a section with a name for each parameter", rules{})
		return
	}
	if len(n.keys) == 0 {
		d.wrong(path, "there are no parameters").withHint("lr: {type: float, low: 1e-5, high: 1e-2, log: true}")
	}
	if len(n.keys) > maxParameters {
		d.wrong(path, "%d parameters are more than the %d a study may have", len(n.keys), maxParameters)
		return
	}
	d.twice(path, n)
	for i, k := range n.keys {
		doc := parameterDoc{name: k.name}
		doc.read(d, join(path, k.name), n.items[i])
		*p = append(*p, doc)
	}
}

func (p *parameterDoc) read(d *decoder, path string, n *node) {
	switch n.kind {
	case null:
		d.wrong(path, "has no value").withHint("{type: float, low: 0, high: 1}, or a value for a constant")
	case list:
		d.wrong(path, "a list is no parameter").withHint("{type: categorical, choices: [...]}")
	case mapping:
		if n.get("type") == nil && n.get("value") != nil {
			p.body = &constantDoc{}
			d.into(path, n, p.body)
			return
		}
		p.union.decode(d, path, n, "a parameter", parameterVariants)
		if c, ok := p.body.(*constantDoc); ok {
			c.Type = "" // the canonical form has the value alone
		}
	default:
		p.body = &constantDoc{Value: new(scalar)}
		p.body.(*constantDoc).Value.decode(d, path, n)
	}
}

// MarshalJSON writes an object in the order of the parameters.
func (p parameterDocs) MarshalJSON() ([]byte, error) {
	return orderedJSON(len(p), func(i int) (string, any) { return p[i].name, p[i].union })
}

// orderedJSON writes an object in a given order.
func orderedJSON(n int, entry func(i int) (string, any)) ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		name, v := entry(i)
		key, _ := json.Marshal(name)
		value, err := json.Marshal(v)
		if err != nil {
			return nil, err
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// choices is a list of values. Whole numbers among floats are floats: in [0, 0.5, 1] the 0 and the 1 mean 0.0 and 1.0.
type choices []scalar

func (c *choices) decode(d *decoder, path string, n *node) {
	if n.kind != list {
		d.mismatch(path, n, "a list of values", rules{}).withHint("choices: [a, b]")
		return
	}
	if len(n.items) == 0 {
		d.wrong(path, "there are no choices").withHint("list at least one value")
	}
	if len(n.items) > maxChoices {
		d.wrong(path, "%d choices are more than the %d a parameter may have", len(n.items), maxChoices).withHint("use type: int or float")
		return
	}
	floats, numbers := false, true
	*c = make(choices, len(n.items))
	for i, item := range n.items {
		(*c)[i].decode(d, index(path, i), item)
		floats = floats || item.kind == float
		numbers = numbers && (item.kind == float || item.kind == integer)
	}
	if !floats || !numbers {
		return
	}
	for i, s := range *c {
		if v, ok := s.v.(int64); ok {
			(*c)[i].v = float64(v)
		}
	}
}

func (c choices) values() []any {
	out := make([]any, len(c))
	for i, s := range c {
		out[i] = s.v
	}
	return out
}

// span is a low and a high, or one number for both.
type span [2]float64

func (s *span) decode(d *decoder, path string, n *node) {
	items := []*node{n, n}
	if n.kind == list {
		items = n.items
	}
	if len(items) != 2 || n.kind != list && n.kind != integer && n.kind != float {
		d.mismatch(path, n, "[low, high] or one number", rules{})
		return
	}
	for i, item := range items {
		at := path
		if n.kind == list {
			at = index(path, i)
		}
		v, ok := d.number(at, item, rules{})
		if !ok {
			return
		}
		s[i] = v
	}
}
