package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"
)

// What is made durable again and again: a few pages, as a small transaction leaves them in a write-ahead log.
const (
	probeBytes = 16 << 10
	probeTimes = 300
)

// probe measures how long the disk takes to make something durable, in a file of its final size.
func probe(parent string, out io.Writer) (err error) {
	f, err := os.CreateTemp(parent, "probe")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), os.Remove(f.Name())) }()
	data := make([]byte, probeBytes)
	took := make([]time.Duration, probeTimes)
	for i := range took {
		data[0]++
		begun := time.Now()
		if _, err := f.WriteAt(data, 0); err != nil {
			return err
		}
		if err := datasync(f); err != nil {
			return err
		}
		took[i] = time.Since(begun)
	}
	slices.Sort(took)
	_, err = fmt.Fprintf(out, "the disk makes %d KiB durable in p50 %v, p99 %v\n", probeBytes>>10, took[probeTimes/2].Round(10*time.Microsecond),
		took[probeTimes*99/100].Round(10*time.Microsecond))
	return err
}
