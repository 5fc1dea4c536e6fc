package main

import (
	"io"
	"sync"
)

// screen is standard error while a live display may own the terminal: what is written meanwhile appears above the bars.
type screen struct {
	w     io.Writer
	mu    sync.Mutex
	above io.Writer // nil: no display
}

// Write passes whole lines on to whoever owns the terminal.
func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.above != nil {
		if n, err := s.above.Write(p); err == nil {
			return n, nil
		}
	}
	return s.w.Write(p)
}

// lend gives the terminal to a display; nil takes it back.
func (s *screen) lend(above io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.above = above
}
