//go:build !linux

package runner

import "os"

func datasync(f *os.File) error { return f.Sync() }
