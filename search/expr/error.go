package expr

import "fmt"

// Error is what is wrong with an expression.
type Error struct {
	Column int // from 1, in characters
	Msg    string
	Hint   string // what would be right, may be empty
	Name   string // the unknown name, when that is what is wrong
}

// Error is the message for a person, without the hint.
func (e *Error) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Msg) }

func wrong(column int, hint, format string, args ...any) *Error {
	return &Error{Column: column, Msg: fmt.Sprintf(format, args...), Hint: hint}
}
