package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"automl/runner/protocol"
	"automl/trial"
)

// testTrainer is a trainer for the tests of the program: a real child process that speaks the protocol, whose curve is a
// function of the learning rate. The mode is a list of key=value: pace (milliseconds an epoch), hurry (a file: where it is there, epochs
// take no time), crash, nan, nosize, exit (trial numbers on which that happens, "all" for every trial), ballast (KiB that a checkpoint
// has besides).
func testTrainer(mode string) int {
	opts := map[string]string{}
	for _, part := range strings.Split(mode, ",") {
		k, v, _ := strings.Cut(part, "=")
		opts[k] = v
	}
	c, err := protocol.Dial()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer c.Close()
	w := c.Work
	on := func(key string) bool { return opts[key] == "all" || opts[key] == strconv.Itoa(w.Trial) }
	if parent := os.Getenv("TRACEPARENT"); parent != "" {
		fmt.Fprintln(os.Stderr, "traceparent", parent)
	}
	if err := c.Folds("folds-of-the-test", 100); err != nil {
		return 1
	}
	if w.From.Epoch > 0 && !resumes(w) {
		fmt.Fprintln(os.Stderr, "the checkpoint is not the one of epoch", w.From.Epoch)
		return 1
	}
	for e := w.From.Epoch + 1; e <= w.To.Epoch; e++ {
		pass(opts)
		if on("crash") && e == 2 {
			fmt.Fprintln(os.Stderr, "Segmentation fault, or so")
			return 7
		}
		verb, err := c.Report(protocol.Report{Fold: w.Fold, Epoch: e, Cost: 1, Metrics: metricsOf(w, e, on("nan"), on("nosize"))})
		if err != nil {
			return 1
		}
		if verb == trial.Stop {
			return 0
		}
		if err := checkpoint(c, e, opts["ballast"]); err != nil {
			return 1
		}
		if verb == trial.Pause {
			return 0
		}
	}
	return 0
}

// pass takes the time of an epoch.
func pass(opts map[string]string) {
	pace, _ := strconv.Atoi(opts["pace"])
	for end := time.Now().Add(time.Duration(pace) * time.Millisecond); time.Now().Before(end); time.Sleep(min(10*time.Millisecond, time.Until(end))) {
		if _, err := os.Stat(opts["hurry"]); err == nil {
			return
		}
	}
}

// metricsOf is the accuracy and, where the study has further objectives, the size: a model of a larger learning rate is larger.
func metricsOf(w protocol.Work, epoch int, broken, short bool) trial.Metrics {
	out := trial.Metrics{{Name: "acc", Value: accuracy(w, epoch, broken)}}
	for _, o := range w.Others {
		if !short {
			out = append(out, trial.Metric{Name: o.Metric, Value: 10 + math.Log10(w.Params.Float("lr", 1))})
		}
	}
	return out
}

func accuracy(w protocol.Work, epoch int, broken bool) float64 {
	if broken && epoch == 2 {
		return math.NaN()
	}
	d := math.Log10(w.Params.Float("lr", 1)) + 2
	return 0.95 - 0.03*d*d - 0.1*math.Exp(-float64(epoch)) + 0.005*float64(w.Fold%3)
}

func checkpoint(c *protocol.Client, epoch int, ballast string) error {
	text := fmt.Sprintf("trial %d fold %d epoch %d", c.Work.Trial, c.Work.Fold, epoch)
	if err := os.WriteFile(filepath.Join(c.Work.CheckpointOut, "state"), []byte(text), 0o600); err != nil {
		return err
	}
	if kib, err := strconv.Atoi(ballast); err == nil {
		if err := os.WriteFile(filepath.Join(c.Work.CheckpointOut, "ballast"), make([]byte, kib<<10), 0o600); err != nil {
			return err
		}
	}
	return c.Checkpoint(epoch)
}

// resumes tells whether the checkpoint handed in is the one that was written after From.Epoch of this fold.
func resumes(w protocol.Work) bool {
	text, err := os.ReadFile(filepath.Join(w.CheckpointIn, "state"))
	return err == nil && string(text) == fmt.Sprintf("trial %d fold %d epoch %d", w.Trial, w.Fold, w.From.Epoch)
}
