package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"automl/configs"
	"automl/trial"
)

// The exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitNoTrial     = 3 // the study ended without a complete trial
	exitNoDaemon    = 4
	exitDenied      = 5 // a token or credentials are not taken, or not any more
	exitInterrupted = 130
)

// Errors that stand for an exit code; what there is to say has been said.
var (
	errNoTrial     = errors.New("the study ended without a complete trial")
	errInterrupted = errors.New("interrupted")
)

// exit prints an error for a person and returns its exit code.
func (a *app) exit(err error) int {
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	}
	fmt.Fprintln(a.err, "automl:", err)
	if configs.ListErrors(err) != nil { // they bring their hints along
		return exitUsage
	}
	if strings.HasPrefix(err.Error(), "unknown command") {
		fmt.Fprintln(a.err, "  hint: automl --help lists the commands")
	}
	if hint := trial.HintOf(err); hint != "" {
		fmt.Fprintln(a.err, "  hint:", hint)
	}
	switch {
	case errors.Is(err, errNoTrial):
		return exitNoTrial
	case isUsage(err):
		return exitUsage
	case trial.CodeOf(err) == trial.Invalid:
		return exitUsage
	case trial.CodeOf(err) == trial.Unavailable:
		return exitNoDaemon
	case trial.CodeOf(err) == trial.Denied:
		return exitDenied
	}
	return exitFailed
}

// isUsage recognizes what cobra says of unknown commands, and of wrong arguments of its own ones, which it does not type. All else is by
// explainArgs and flagFault.
func isUsage(err error) bool {
	for _, start := range []string{"unknown command", "accepts ", "requires "} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}
