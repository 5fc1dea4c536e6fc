package search

import "automl/trial"

// Adopted is a configuration from elsewhere in the form of a space.
type Adopted struct {
	Params  trial.Params  // a complete configuration; it may violate constraints
	Ignored []string      // parameters that the space has not
	Assumed []trial.Param // parameters that had no value, with the one they got
}

// Adopter returns a function that brings a configuration which was made for another space into the form of this one, which must
// be valid. A parameter that is missing gets the value of its prior, else the middle of its range or its first choice. The error
// is a *ParameterError, when a value cannot be one of this space.
func (s Space) Adopter() func(trial.Params) (Adopted, error) {
	l := newLayout(s)
	return func(p trial.Params) (Adopted, error) {
		var out Adopted
		given := make([]any, len(l.parameters))
		for _, q := range p {
			i, known := l.at[q.Name]
			if !known {
				out.Ignored = append(out.Ignored, q.Name)
				continue
			}
			v, err := l.parameters[i].Normalize(q.Value)
			if err != nil {
				return out, err
			}
			given[i] = v
		}
		values := make([]any, len(l.parameters))
		for _, i := range l.order {
			if !l.active(values, i) {
				continue
			}
			if values[i] = given[i]; values[i] == nil {
				values[i] = l.parameters[i].usual()
				if l.parameters[i].count() != 1 {
					out.Assumed = append(out.Assumed, trial.Param{Name: l.parameters[i].Name, Value: values[i]})
				}
			}
		}
		out.Params = l.params(values)
		return out, nil
	}
}

// usual is the value of a parameter of which nothing is known but its prior.
func (p Parameter) usual() any {
	if p.Prior != nil {
		if v, err := p.Normalize(p.Prior.Value); err == nil {
			return v
		}
	}
	if p.Kind == Categorical || p.Kind == Constant {
		return p.at(0)
	}
	return p.fromUnit(0.5)
}
