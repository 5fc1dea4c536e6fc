//go:build unix && !linux

package runner

import "errors"

// exchange would swap two names in one step.
func exchange(_, _ string) error { return errors.ErrUnsupported }
