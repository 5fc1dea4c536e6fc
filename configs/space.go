package configs

import (
	"errors"
	"slices"
	"strings"

	"automl/search"
	"automl/trial"
)

// space builds the search space and records what is wrong with it. False when it cannot be used.
func (c *checker) space() (search.Space, bool) {
	before := len(c.errs)
	var s search.Space
	for i := range c.doc.Parameters {
		p := &c.doc.Parameters[i]
		if f, ok := p.body.(*freezeDoc); ok {
			s.Parameters = append(s.Parameters, c.expand(p.name, f)...)
			continue
		}
		q := p.parameter()
		if err := q.Validate(); err != nil {
			c.parameterError(err)
		}
		s.Parameters = append(s.Parameters, q)
	}
	if len(c.errs) > before {
		return s, false
	}
	c.checkConditions(s)
	if len(c.errs) > before {
		return s, false
	}
	if err := s.Validate(); err != nil {
		c.parameterError(err)
		return s, false
	}
	return s, true
}

// parameter is the parameter as the search space has it; freeze is not among these.
func (p *parameterDoc) parameter() search.Parameter {
	out := search.Parameter{Name: p.name}
	switch b := p.body.(type) {
	case *floatDoc:
		out.Kind, out.Low, out.High, out.Log, out.Step, out.When = search.Float, b.Low, b.High, b.Log, b.Step, b.conditions()
		out.Prior = b.prior()
	case *intDoc:
		out.Kind, out.Log, out.When, out.Prior = search.Int, b.Log, b.conditions(), b.prior()
		out.Low, out.High, out.Step = float64(b.Low), float64(b.High), float64(b.Step)
	case *ordinalDoc:
		out.Kind, out.Choices, out.When, out.Prior = search.Ordinal, b.Choices.values(), b.conditions(), b.prior()
	case *categoricalDoc:
		out.Kind, out.Choices, out.When, out.Prior = search.Categorical, b.Choices.values(), b.conditions(), b.prior()
	case *constantDoc:
		out.Kind, out.Choices, out.When = search.Constant, []any{b.Value.v}, b.conditions()
	}
	return out
}

// expand turns a typed freeze parameter into its parts, and writes the defaults into the document: a study that is continued
// by a later version keeps the space it began with.
func (c *checker) expand(name string, f *freezeDoc) []search.Parameter {
	o := search.FreezeOptions{Strategies: f.Strategies, Depth: f.Depth, UnfreezeEvery: f.UnfreezeEvery, LoRARank: f.LoRARank}
	for _, s := range []struct {
		from *span
		to   *[2]float64
		key  string
	}{{f.LayerDecay, &o.LayerDecay, "layer_decay"}, {f.HeadLRFactor, &o.HeadLRFactor, "head_lr_factor"}, {f.LoRAAlpha, &o.LoRAAlpha, "lora_alpha"}} {
		if s.from == nil {
			continue
		}
		*s.to = *s.from
		if *s.from == (span{}) { // which the options would take for the default
			c.wrong(join(join("parameters", name), s.key), "must be above 0")
			return nil
		}
	}
	if c.ownHeadRate() {
		if f.HeadLRFactor != nil && *f.HeadLRFactor != (span{1, 1}) {
			c.wrong(join(join("parameters", name), "head_lr_factor"), "the head has a rate of its own, parameter %s", headLR).withHint("one of the two")
			return nil
		}
		o.HeadLRFactor = [2]float64{1, 1}
	}
	if p := c.ownUpdates(); p != "" && slices.Contains(f.Strategies, trial.LoRA) {
		c.wrong(join("parameters", p), "the strategy lora of parameter %s has a rank and an alpha of its own", name).
			withHint("%s: {type: freeze, %s: ..}, and no %s beside it", name, p, p)
		return nil
	}
	parts, err := search.ExpandFreeze(name, o)
	if err != nil {
		c.parameterError(err)
		return nil
	}
	for _, p := range parts {
		f.fill(p.Name[len(name)+1:], p)
	}
	return parts
}

// headLR is the parameter of the built-in trainer that takes the place of a factor for the head.
const headLR = "head_lr"

// ownHeadRate reports whether the built-in trainer is given a learning rate of the head.
func (c *checker) ownHeadRate() bool {
	_, builtin := c.doc.Trainer.body.(*builtinDoc)
	return builtin && slices.ContainsFunc(c.doc.Parameters, func(p parameterDoc) bool { return p.name == headLR })
}

// ownUpdates is the parameter that has the built-in trainer update weights under any freeze schedule; "": there is none.
func (c *checker) ownUpdates() string {
	if _, builtin := c.doc.Trainer.body.(*builtinDoc); builtin {
		for _, p := range c.doc.Parameters {
			if p.name == trial.FreezeRank || p.name == trial.FreezeAlpha {
				return p.name
			}
		}
	}
	return ""
}

// fill writes one part of an expanded freeze parameter into the document.
func (f *freezeDoc) fill(part string, p search.Parameter) {
	values := p.Choices
	if p.Kind == search.Int {
		for v := int64(p.Low); v <= int64(p.High); v++ {
			values = append(values, v)
		}
	}
	switch part {
	case trial.FreezeStrategy:
		f.Strategies = nil
		for _, v := range values {
			f.Strategies = append(f.Strategies, trial.Strategy(v.(string)))
		}
	case trial.FreezeDepth:
		f.Depth = convert[float64](values)
	case trial.FreezeEvery:
		f.UnfreezeEvery = convert[int64](values)
	case trial.FreezeDecay:
		f.LayerDecay = spanOf(p)
	case trial.FreezeHead:
		f.HeadLRFactor = spanOf(p)
	case trial.FreezeRank:
		f.LoRARank = convert[int64](values)
	case trial.FreezeAlpha:
		f.LoRAAlpha = spanOf(p)
	}
}

func convert[T any](values []any) []T {
	out := make([]T, len(values))
	for i, v := range values {
		out[i] = v.(T)
	}
	return out
}

func spanOf(p search.Parameter) *span {
	if p.Kind == search.Constant {
		v := p.Choices[0].(float64)
		return &span{v, v}
	}
	return &span{p.Low, p.High}
}

// checkConditions checks that conditions name parameters of the space and values they can have.
func (c *checker) checkConditions(s search.Space) {
	var known []string
	for _, p := range s.Parameters {
		known = append(known, p.Name)
	}
	for _, p := range s.Parameters {
		if p.Freeze != "" {
			continue
		}
		for _, w := range p.When {
			at := join(join(join("parameters", p.Name), "when"), w.Parent)
			i := slices.Index(known, w.Parent)
			if i < 0 {
				c.wrongKey(at, "there is no parameter %q to depend on", shorten(w.Parent)).Hint = suggest(w.Parent, known)
				continue
			}
			for k, v := range w.Values {
				if _, err := s.Parameters[i].Normalize(v); err != nil {
					if item := index(at, k); c.has(item) {
						at = item
					}
					c.wrong(at, "%s can never be %s", w.Parent, trial.FormatValue(v)).Hint = hintOf(err)
				}
			}
		}
	}
}

func hintOf(err error) string {
	var p *search.ParameterError
	if errors.As(err, &p) {
		return p.Hint
	}
	return ""
}

// parameterError records an error of the search space at its place in the file.
func (c *checker) parameterError(err error) {
	var p *search.ParameterError
	if !errors.As(err, &p) {
		c.wrong("parameters", "%v", err)
		return
	}
	path := join("parameters", p.Parameter)
	for cut := len(path); !c.has(path) && cut > 0; { // a part of a freeze parameter
		cut = max(0, strings.LastIndexByte(path, '.'))
		path = path[:cut]
	}
	record := c.wrong
	switch field := join(path, p.Field); {
	case p.Field == "name":
		record = c.wrongKey
	case c.has(field):
		path = field
	}
	record(path, "%s", p.Msg).Hint = p.Hint
}
