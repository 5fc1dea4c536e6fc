package main

import (
	"os"
	"path/filepath"
	"time"
)

// pages of 4 KiB are what an ask leaves in the write-ahead log, about.
const pages = 4

// probe is a file that is written in place and made durable, as a write-ahead log is.
type probe struct {
	*os.File
	data []byte
}

func newProbe(dir string) (*probe, error) {
	f, err := os.Create(filepath.Join(dir, "probe"))
	if err != nil {
		return nil, err
	}
	p := &probe{f, make([]byte, pages<<12)}
	_, err = p.write() // the file has its size from now on
	return p, err
}

func (p *probe) write() (time.Duration, error) {
	p.data[0]++
	start := time.Now()
	if _, err := p.WriteAt(p.data, 0); err != nil {
		return 0, err
	}
	err := datasync(p.File)
	return time.Since(start), err
}
