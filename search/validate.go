package search

import (
	"fmt"
	"math"
	"regexp"

	"automl/trial"
)

var namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]*$`)

// Validate checks the space. The error is a *ParameterError, the first one in the order of the space; in a *CandidateError when
// it is that of a candidate; a *ConstraintError when it is that of the constraints.
func (s Space) Validate() error {
	if err := s.validateParameters(); err != nil {
		return err
	}
	if err := s.validateCandidates(); err != nil {
		return err
	}
	return s.ValidateConstraints()
}

func (s Space) validateParameters() error {
	at := make(map[string]int, len(s.Parameters))
	for i, p := range s.Parameters {
		if !namePattern.MatchString(p.Name) {
			return &ParameterError{Parameter: p.Name, Field: "name", Msg: fmt.Sprintf("%q is no name for a parameter", p.Name),
				Hint: "use letters, digits, '_', '.' and '-', beginning with a letter or '_'"}
		}
		if _, twice := at[p.Name]; twice {
			return p.wrong("name", "rename one of the two", "there are two parameters of this name")
		}
		at[p.Name] = i
	}
	for _, p := range s.Parameters {
		if err := p.Validate(); err != nil {
			return err
		}
	}
	for _, p := range s.Parameters {
		for _, c := range p.When {
			if err := s.checkCondition(p, c, at); err != nil {
				return err
			}
		}
	}
	return s.checkCycles(at)
}

// wrong makes a ParameterError; an untyped nil check on its result works because callers return it as an error.
func (p Parameter) wrong(field, hint, format string, args ...any) error {
	return &ParameterError{Parameter: p.Name, Field: field, Msg: fmt.Sprintf(format, args...), Hint: hint}
}

// Validate checks a parameter by itself: everything but its name and the parents it names.
func (p Parameter) Validate() error {
	var err error
	switch p.Kind {
	case Float, Int:
		err = p.validateRange()
	case Ordinal, Categorical, Constant:
		err = p.validateChoices()
	default:
		err = p.noKind()
	}
	if err == nil {
		err = p.validatePrior()
	}
	return err
}

func (p Parameter) noKind() error {
	return p.wrong("type", "use float, int, ordinal, categorical, or value for a constant", "%q is no type", string(p.Kind))
}

func (p Parameter) validateRange() error {
	switch {
	case len(p.Choices) > 0:
		return p.wrong("choices", "use type: ordinal for a list of values", "a parameter of type %s has no choices", p.Kind)
	case !finite(p.Low):
		return p.wrong("low", "", "low must be a finite number, not %v", p.Low)
	case !finite(p.High):
		return p.wrong("high", "", "high must be a finite number, not %v", p.High)
	case p.Low > p.High:
		return p.wrong("low", "swap low and high", "low %v is above high %v", p.Low, p.High)
	case p.Log && p.Low <= 0:
		return p.wrong("low", "raise low above 0, or drop log", "log needs low above 0, not %v", p.Low)
	case !finite(p.High - p.Low):
		return p.wrong("high", "", "the range from %v to %v is too wide", p.Low, p.High)
	}
	if err := p.validateStep(); err != nil {
		return err
	}
	if p.Kind == Int {
		return p.validateInt()
	}
	return nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

func (p Parameter) validateStep() error {
	switch {
	case p.Step == 0:
		return nil
	case !(p.Step > 0) || !finite(p.Step):
		return p.wrong("step", "", "step must be above 0, not %v", p.Step)
	case p.Log:
		return p.wrong("step", "drop one of the two, or list the values with type: ordinal", "step does not go with log")
	case p.Low < p.High && p.Step > (p.High-p.Low)*(1+1e-9):
		return p.wrong("step", "use a smaller step", "step %v is wider than the range from %v to %v", p.Step, p.Low, p.High)
	case (p.High-p.Low)/p.Step > maxInt:
		return p.wrong("step", "use a larger step, or none", "step %v makes too many values", p.Step)
	}
	return nil
}

func (p Parameter) validateInt() error {
	for _, b := range []struct {
		field string
		value float64
	}{{"low", p.Low}, {"high", p.High}, {"step", p.Step}} {
		if b.value != math.Trunc(b.value) {
			return p.wrong(b.field, "round it, or use type: float", "%s of an int must be a whole number, not %v", b.field, b.value)
		}
		if math.Abs(b.value) > maxInt {
			return p.wrong(b.field, "use type: float", "%s %v is too large for an int", b.field, b.value)
		}
	}
	return nil
}

func (p Parameter) validateChoices() error {
	switch {
	case p.Low != 0 || p.High != 0 || p.Log || p.Step != 0:
		return p.wrong("type", "use type: float or int for a range", "a parameter of type %s has no low, high, log or step", p.Kind)
	case len(p.Choices) == 0:
		return p.wrong("choices", "list at least one value", "there are no choices")
	case p.Kind == Constant && len(p.Choices) > 1:
		return p.wrong("choices", "use type: categorical", "a constant has one value, not %d", len(p.Choices))
	}
	for i, c := range p.Choices {
		if err := checkValue(c); err != nil {
			return p.wrong("choices", "", "choice %d: %v", i+1, err)
		}
		if indexOf(p.Choices[:i], c) >= 0 {
			return p.wrong("choices", "drop one of them", "the choice %s stands twice", trial.FormatValue(c))
		}
	}
	return nil
}

// checkValue checks the type of a value.
func checkValue(v any) error {
	switch v := v.(type) {
	case int64, string, bool:
		return nil
	case float64:
		if finite(v) {
			return nil
		}
		return fmt.Errorf("%v is no finite number", v)
	}
	return fmt.Errorf("a value must be a number, a string or a boolean, not %T", v)
}

func (s Space) checkCondition(p Parameter, c Condition, at map[string]int) error {
	i, known := at[c.Parent]
	switch {
	case !known:
		return p.wrong("when", "name a parameter of the space", "there is no parameter %q to depend on", c.Parent)
	case c.Parent == p.Name:
		return p.wrong("when", "", "it depends on itself")
	case len(c.Values) == 0:
		return p.wrong("when", "list at least one value", "no value of %s is named", c.Parent)
	}
	parent := s.Parameters[i]
	for _, v := range c.Values {
		if _, err := parent.Normalize(v); err != nil {
			return p.wrong("when", parameterHint(err), "%s can never be %s", c.Parent, trial.FormatValue(v))
		}
	}
	return nil
}

func parameterHint(err error) string {
	if e, ok := err.(*ParameterError); ok {
		return e.Hint
	}
	return ""
}

// checkCycles refuses parameters that depend, in the end, on themselves.
func (s Space) checkCycles(at map[string]int) error {
	const (
		open = 1
		done = 2
	)
	mark := make([]int, len(s.Parameters))
	var visit func(i int) error
	visit = func(i int) error {
		p := s.Parameters[i]
		switch mark[i] {
		case done:
			return nil
		case open:
			return p.wrong("when", "break the circle of conditions", "it depends on itself through other parameters")
		}
		mark[i] = open
		for _, c := range p.When {
			if err := visit(at[c.Parent]); err != nil {
				return err
			}
		}
		mark[i] = done
		return nil
	}
	for i := range s.Parameters {
		if err := visit(i); err != nil {
			return err
		}
	}
	return nil
}
