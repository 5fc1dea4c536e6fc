package configs

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"automl/trial"
)

// Error is one thing that is wrong with a sweep file.
type Error struct {
	File         string
	Line, Column int    // from 1; 0 when the error has no place
	Key          string // dotted path of the key, such as parameters.lr.low; empty for the document itself
	Msg          string
	Hint         string // what would be right; may be empty
}

// Error is "file:line:column: key: message", and the hint on a second line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d:%d", e.Line, e.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	if e.Key != "" {
		b.WriteString(e.Key + ": ")
	}
	b.WriteString(e.Msg)
	if e.Hint != "" {
		b.WriteString("\n  hint: " + e.Hint)
	}
	return b.String()
}

// Unwrap gives the error the code trial.Invalid, so that a command and an HTTP handler classify it like any other.
func (e *Error) Unwrap() error {
	return &trial.Error{Code: trial.Invalid, Msg: e.Msg, Hint: e.Hint}
}

// withHint adds what would be right.
func (e *Error) withHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// Errors is several things that are wrong with a sweep file, in the order of their places. errors.As finds the first.
type Errors []*Error

// maxShown is how many errors of a file are reported at once.
const maxShown = 10

// Error is one error a line, the first ones only.
func (e Errors) Error() string {
	var b strings.Builder
	for i, one := range e {
		if i == maxShown {
			fmt.Fprintf(&b, "\nand %d more", len(e)-i)
			break
		}
		if i > 0 {
			b.WriteByte('\n')
		}
		b.WriteString(one.Error())
	}
	return b.String()
}

// Unwrap returns the single errors.
func (e Errors) Unwrap() []error {
	out := make([]error, len(e))
	for i, one := range e {
		out[i] = one
	}
	return out
}

// asError is nil for no error, the error itself for one, and an Errors for several.
func asError(list []*Error) error {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0]
	}
	slices.SortStableFunc(list, func(a, b *Error) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return Errors(list)
}

// ListErrors takes an error of this package apart, for callers that show the parts themselves; nil for any other error.
func ListErrors(err error) []*Error {
	var list Errors
	if errors.As(err, &list) {
		return list
	}
	var one *Error
	if errors.As(err, &one) {
		return []*Error{one}
	}
	return nil
}
