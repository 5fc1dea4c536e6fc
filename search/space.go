package search

import "automl/trial"

// Kind is the kind of a parameter.
type Kind string

// The kinds of parameters. The typed parameter "freeze" of the sweep file is expanded into these (ExpandFreeze).
const (
	Float       Kind = "float"       // Low..High, both included; Log; Step
	Int         Kind = "int"         // Low..High, both included; Log; Step
	Ordinal     Kind = "ordinal"     // ordered Choices
	Categorical Kind = "categorical" // unordered Choices
	Constant    Kind = "constant"    // Choices[0]
)

// Condition makes a parameter exist only while its parent, which must itself exist, has one of the values.
type Condition struct {
	Parent string
	Values []any
}

// Parameter is one dimension of a search space. Values are float64, int64, string or bool.
type Parameter struct {
	Name      string
	Kind      Kind
	Low, High float64     // float and int
	Log       bool        // float and int: uniform in the logarithm
	Step      float64     // float and int: values are Low + i*Step; 0 is none
	Choices   []any       // ordinal, categorical, constant
	When      []Condition // all must hold
	Prior     *Prior      // what is believed of its best value; nil: nothing
	Freeze    string      // name of the typed freeze parameter this one was expanded from; empty for any other
}

// Space is an ordered list of parameters. A parent may stand anywhere in it.
type Space struct {
	Parameters []Parameter
	// Candidates are the only configurations there are, complete ones; none: all that the parameters allow. One that stands
	// twice, also where only its freeze schedule is written in another way, counts once, as it stands first.
	Candidates []trial.Params
	// Constraints are expressions over the parameters that every configuration satisfies (package expr). One that names a
	// parameter which a configuration has not holds there. Candidates that do not satisfy them are none.
	Constraints []string
}

// Fixed is the parameters that have one value in every configuration.
func (s Space) Fixed() trial.Params {
	var out trial.Params
	for _, p := range s.Parameters {
		if p.count() == 1 && len(p.When) == 0 {
			out = append(out, trial.Param{Name: p.Name, Value: p.at(0)})
		}
	}
	return out
}
