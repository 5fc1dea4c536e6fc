package process

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"time"
)

const (
	tailLines  = 20  // of the output, kept for the message of a failure
	tailLength = 300 // bytes of such a line
)

// output reads what the child prints: it goes to the log, its last lines are kept, and lines of standard output may be
// reports.
type output struct {
	p       *Process
	readers [2]*os.File // standard output, standard error
	wg      sync.WaitGroup
	mu      sync.Mutex // guards the writer and the tail
	tail    tail
}

// newOutput makes the pipes; the writers are the child's ends.
func newOutput(p *Process) (*output, []*os.File, error) {
	o := &output{p: p}
	var writers []*os.File
	for i := range o.readers {
		r, w, err := os.Pipe()
		if err != nil {
			o.close()
			for _, w := range writers {
				w.Close()
			}
			return nil, nil, err
		}
		o.readers[i], writers = r, append(writers, w)
	}
	return o, writers, nil
}

func (o *output) close() {
	for _, r := range o.readers {
		r.Close() // a nil file only returns an error
	}
}

func (o *output) start() {
	o.wg.Go(func() { o.pump(o.readers[0], o.p.printed) })
	o.wg.Go(func() { o.pump(o.readers[1], func([]byte) {}) })
}

// finish reads what is left. Only a process that escaped can still hold a pipe, and it is not waited for.
func (o *output) finish() {
	for _, r := range o.readers {
		_ = r.SetReadDeadline(time.Now().Add(drainWait))
	}
	o.wg.Wait()
	o.close()
}

func (o *output) pump(from *os.File, line func([]byte)) {
	lines := splitter{limit: maxRelayed, each: func(text []byte) {
		o.mu.Lock()
		o.tail.add(text)
		o.mu.Unlock()
		line(text)
	}}
	in, buffer := &drain{from: from}, make([]byte, 32<<10)
	for {
		n, err := in.Read(buffer)
		if n > 0 {
			o.p.spec.Handler.Beat()
			o.log(buffer[:n])
			lines.write(buffer[:n])
		}
		if err != nil {
			if errors.Is(err, os.ErrDeadlineExceeded) {
				o.p.spec.Log.Warn().Msg("a process that left the trainer's group still holds its output")
			}
			break
		}
	}
	lines.end()
}

func (o *output) log(data []byte) {
	if o.p.spec.Output == nil {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	_, _ = o.p.spec.Output.Write(data) // a full disk must not stop the training; the writer tells of it
}

// tail is the last lines of an output.
type tail struct{ lines []string }

// add takes a line; of a progress bar, which redraws itself with carriage returns, its last state.
func (t *tail) add(line []byte) {
	line = bytes.TrimRight(line, "\r \t")
	line = line[bytes.LastIndexByte(line, '\r')+1:]
	if len(line) == 0 {
		return
	}
	if len(t.lines) == tailLines {
		t.lines = append(t.lines[:0], t.lines[1:]...)
	}
	t.lines = append(t.lines, strings.ToValidUTF8(string(line[:min(len(line), tailLength)]), "?"))
}

// String is the lines, one below the other.
func (t *tail) String() string { return strings.Join(t.lines, "\n") }
