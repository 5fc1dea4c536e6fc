package configs

import (
	"errors"
	"reflect"

	"automl/search"
	"automl/search/expr"
)

const (
	constraintsKey = "constraints"
	maxConstraints = 100
)

// constraintDocs are expressions.
type constraintDocs []string

func (t *constraintDocs) decode(d *decoder, path string, n *node) {
	if n.kind == text {
		d.mismatch(path, n, "a list of expressions", rules{}).withHint("write [%q]", shorten(n.raw))
		return
	}
	d.value(path, n, reflect.ValueOf((*[]string)(t)).Elem(), rules{minItems: 1})
}

// addConstraints gives the space its constraints, and records what is wrong with them. False when they cannot be used.
func (c *checker) addConstraints(s search.Space) (search.Space, bool) {
	before := len(c.errs)
	if n := len(c.doc.Constraints); n > maxConstraints {
		c.wrong(constraintsKey, "%d constraints are more than the %d there may be", n, maxConstraints).withHint("join them with and")
		return s, false
	}
	for i, text := range c.doc.Constraints { // each by itself, so that all that are wrong are named
		one := search.Space{Parameters: s.Parameters, Candidates: s.Candidates, Constraints: []string{text}}
		c.constraintError(s, i, one.ValidateConstraints())
	}
	s.Constraints = c.doc.Constraints
	if len(c.errs) == before && len(s.Constraints) > 1 {
		c.constraintError(s, -1, s.ValidateConstraints())
	}
	return s, len(c.errs) == before
}

// constraintError records what is wrong with a constraint, or with all together.
func (c *checker) constraintError(s search.Space, i int, err error) {
	var e *search.ConstraintError
	if !errors.As(err, &e) {
		return
	}
	path := constraintsKey
	if i >= 0 {
		path = index(constraintsKey, i)
	}
	made := c.wrong(path, "%v", e.Err)
	made.Hint = e.Hint
	var x *expr.Error
	if errors.As(err, &x) && x.Name != "" {
		var known []string
		for _, p := range s.Parameters {
			known = append(known, p.Name)
		}
		made.Hint = suggest(x.Name, known)
	}
}
