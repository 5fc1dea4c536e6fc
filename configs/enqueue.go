package configs

import (
	"errors"
	"reflect"
	"slices"

	"automl/search"
	"automl/trial"
)

// assignmentDocs are the configurations to run first.
type assignmentDocs []assignmentDoc

func (a *assignmentDocs) decode(d *decoder, path string, n *node) {
	if len(n.items) > maxEnqueue && n.kind == list {
		d.wrong(path, "%d configurations are more than the %d that can be enqueued", len(n.items), maxEnqueue)
		return
	}
	d.value(path, n, reflect.ValueOf((*[]assignmentDoc)(a)).Elem(), rules{})
}

// assignmentDoc is a configuration to run first.
type assignmentDoc struct{ params trial.Params }

func (a *assignmentDoc) decode(d *decoder, path string, n *node) {
	if n.kind != mapping {
		d.mismatch(path, n, "a section with a value for each parameter", rules{}).withHint("enqueue: [{lr: 5e-5, batch_size: 32}]")
		return
	}
	d.twice(path, n)
	for i, k := range n.keys {
		var s scalar
		s.decode(d, join(path, k.name), n.items[i])
		a.params = append(a.params, trial.Param{Name: k.name, Value: s.v})
	}
}

// MarshalJSON writes the parameters in their order.
func (a assignmentDoc) MarshalJSON() ([]byte, error) { return a.params.MarshalJSON() }

// checkEnqueue brings the configurations that are to run first into the form of the space. What they leave out is drawn here,
// from the study's seed, so that it is drawn once.
func (c *checker) checkEnqueue(s search.Space) {
	for i := range c.doc.Enqueue {
		e := &c.doc.Enqueue[i]
		path := index("enqueue", i)
		full, err := s.Fill(e.params, search.Source(*c.doc.Seed, i))
		if err == nil {
			e.params = full
			continue
		}
		c.valueError(s, path, err)
	}
}

// valueError records what is wrong with a configuration at its place.
func (c *checker) valueError(s search.Space, path string, err error) {
	var p *search.ParameterError
	if !errors.As(err, &p) {
		c.wrong(path, "%v", err)
		return
	}
	if at := join(path, p.Parameter); p.Parameter != "" && c.has(at) {
		path = at
	}
	made := c.wrong(path, "%s", p.Msg)
	made.Hint = p.Hint
	if p.Parameter != "" && c.unknown(s, p.Parameter) {
		m, _ := c.mark(path)
		made.Line, made.Column = m.key.line, m.key.column
		made.Hint = suggest(p.Parameter, c.parameterNames())
	}
}

func (c *checker) unknown(s search.Space, name string) bool {
	return !slices.ContainsFunc(s.Parameters, func(p search.Parameter) bool { return p.Name == name })
}
