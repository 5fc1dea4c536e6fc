package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"automl/runner"
	"automl/runner/process"
	"automl/search/daemon"
	"automl/web"
)

// lab bends the waiting times and the clock of this process, for bench/faults: what takes a minute by the rules is then seen within a
// second. It is a hidden flag and nothing else, neither configuration nor environment, and a warning is logged where it is used.
type lab struct {
	scale    float64       // of all waiting times; 0: as they are
	patience float64       // of the time that a trainer may be silent, beyond scale; 0: no more than that
	clock    time.Duration // what the clock is off by
	text     string        // as given, for child processes
}

func (l *lab) String() string { return l.text }
func (l *lab) Type() string   { return "lab" }

// Set reads "scale=0.1,patience=0.5,clock=-24h".
func (l *lab) Set(text string) error {
	out := lab{text: text}
	for part := range strings.SplitSeq(text, ",") {
		key, value, _ := strings.Cut(part, "=")
		var err error
		switch key {
		case "scale":
			out.scale, err = factor(value)
		case "patience":
			out.patience, err = factor(value)
		case "clock":
			out.clock, err = time.ParseDuration(value)
		default:
			err = fmt.Errorf("%q is none of scale, patience, clock", key)
		}
		if err != nil {
			return err
		}
	}
	*l = out
	return nil
}

func factor(text string) (float64, error) {
	f, err := strconv.ParseFloat(text, 64)
	if err == nil && !(f > 0 && f <= 100) {
		err = errors.New("a factor is above 0 and at most 100")
	}
	return f, err
}

// args hand it on to a child process.
func (l *lab) args() []string {
	if l.text == "" {
		return nil
	}
	return []string{"--lab", l.text}
}

// wait is how long to wait where the rules say d.
func (l *lab) wait(d time.Duration) time.Duration {
	if l.scale == 0 {
		return d
	}
	return time.Duration(float64(d) * l.scale)
}

// now is the time.
func (l *lab) now() time.Time { return time.Now().Add(l.clock) }

// daemon bends a daemon.
func (l *lab) daemon(c daemon.Config) daemon.Config {
	c.Lease, c.Grace, c.Repeat, c.Now = l.wait(time.Minute), l.wait(90*time.Second), l.wait(30*time.Second), l.now
	return c
}

// limits bends those of the HTTP API.
func (l *lab) limits(w web.Limits) web.Limits {
	if l.scale != 0 {
		w.Header, w.Request, w.Answer, w.Idle = l.wait(10*time.Second), l.wait(time.Minute), l.wait(3*time.Minute), l.wait(2*time.Minute)
	}
	return w
}

// runner bends a runner.
func (l *lab) runner(c runner.Config) runner.Config {
	c.Timings = c.Timings.Times(l.scale)
	if l.patience > 0 {
		c.Timings.Silent = time.Duration(float64(c.Timings.Silent) * l.patience)
		c.Timings.First = time.Duration(float64(c.Timings.First) * l.patience)
	}
	c.Clock = shifted{process.SystemClock(), l}
	return c
}

// shifted is a clock that is off.
type shifted struct {
	process.Clock
	lab *lab
}

func (s shifted) Now() time.Time { return s.lab.now() }
