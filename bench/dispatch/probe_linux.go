package main

import (
	"os"

	"golang.org/x/sys/unix"
)

// datasync is what SQLite calls on Linux: it leaves out what is not needed to read the data back.
func datasync(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }
