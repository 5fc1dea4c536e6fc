package search

import (
	"errors"
	"fmt"
)

// ErrExhausted says that every configuration of a finite space has been proposed: the search is over.
var ErrExhausted = errors.New("every configuration of the search space has been tried")

// ParameterError says what is wrong with a parameter of a space, or with the value a configuration gives it.
type ParameterError struct {
	Parameter string // its name; empty when it has none
	Field     string // name, type, low, high, log, step, choices, when or prior; of a configuration, value or constraints
	Msg       string
	Hint      string // what would be right, may be empty
}

// CandidateError says which candidate of a space is wrong.
type CandidateError struct {
	Index int // from 0
	Err   error
}

// Error names the candidate by its index.
func (e *CandidateError) Error() string { return fmt.Sprintf("candidates[%d]: %v", e.Index, e.Err) }

// Unwrap is what is wrong with it.
func (e *CandidateError) Unwrap() error { return e.Err }

// ConstraintError says what is wrong with a constraint of a space.
type ConstraintError struct {
	Index int    // from 0; -1 when it is all of them together
	Err   error  // an *expr.Error when the constraint itself is wrong
	Hint  string // what would be right, may be empty
}

// Error names the constraint by its index.
func (e *ConstraintError) Error() string {
	if e.Index < 0 {
		return "constraints: " + e.Err.Error()
	}
	return fmt.Sprintf("constraints[%d]: %v", e.Index, e.Err)
}

// Unwrap is what is wrong with it.
func (e *ConstraintError) Unwrap() error { return e.Err }

var errNoCandidate = &ParameterError{Msg: "no candidate has these values", Hint: "give those of one of the candidates"}

// Error is the message for a person, without the hint.
func (e *ParameterError) Error() string {
	if e.Parameter == "" {
		return e.Msg
	}
	return "parameter " + e.Parameter + ": " + e.Msg
}
