package trial

import (
	"errors"
	"fmt"
)

// Code classifies an error for callers: the exit code, the HTTP status.
type Code string

// The codes.
const (
	Invalid     Code = "invalid"     // the input is wrong
	NotFound    Code = "not_found"   // no such study, trial, file
	Denied      Code = "denied"      // whoever asks may not
	Conflict    Code = "conflict"    // it exists with another content, or the state does not allow it
	Unavailable Code = "unavailable" // the daemon, the bus or the database cannot be reached or is locked
	Storage     Code = "storage"     // a file cannot be read or written: the disk is full or fails, or permissions are missing
	Internal    Code = "internal"    // everything else
)

// ErrTakenOver says that another daemon has opened the record since this one did: this one must end.
var ErrTakenOver = errors.New("another daemon took over")

// Error is an error with a code and, for the person, a hint at what to do.
type Error struct {
	Code Code
	Msg  string
	Hint string
	Err  error // the cause, may be nil
}

// Error is the message with its cause.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Msg + ": " + e.Err.Error()
	}
	return e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an error with a code.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...)}
}

// Wrap makes an error with a code and a cause; nil when there is no cause.
func Wrap(code Code, err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Msg: fmt.Sprintf(format, args...), Err: err}
}

// WithHint adds what to do.
func (e *Error) WithHint(format string, args ...any) *Error {
	e.Hint = fmt.Sprintf(format, args...)
	return e
}

// CodeOf is the code of an error: that of the first Error in its chain, else Internal.
func CodeOf(err error) Code {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return Internal
}

// HintOf is the hint of the first Error in the chain that has one.
func HintOf(err error) string {
	for err != nil {
		var e *Error
		if !errors.As(err, &e) {
			return ""
		}
		if e.Hint != "" {
			return e.Hint
		}
		err = e.Err
	}
	return ""
}
