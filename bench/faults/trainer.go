package main

import (
	"fmt"
	"math"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"automl/runner/protocol"
	"automl/trial"
)

// behaviour is how a trainer behaves: "pace=30,crash=2". A key with a trial number holds for that trial alone.
//
//	pace       milliseconds an epoch takes; of epoch 3 and fold 0 of a trial: slow, and how long: slowness, in milliseconds
//	crash      ends with an error at epoch 2, every time
//	poison     kills its runner at epoch 2, every time
//	eat        takes memory at epoch 2 until it is killed, every time
//	nan, inf, huge, missing   reports that instead of its metric at epoch 2
//	hang       at epoch 3 of the first attempt it does nothing any more, and does not hear SIGTERM
//	deaf       obeys no decision and no SIGTERM
type behaviour map[string]string

func readBehaviour(text string) behaviour {
	b := behaviour{}
	for part := range strings.SplitSeq(text, ",") {
		k, v, _ := strings.Cut(part, "=")
		b[k] = v
	}
	return b
}

func (b behaviour) is(key string, n int) bool { return b[key] == "all" || b[key] == strconv.Itoa(n) }

func (b behaviour) pause(key string) time.Duration {
	ms, _ := strconv.Atoi(b[key])
	return time.Duration(ms) * time.Millisecond
}

// train is a trainer: a real child process that speaks the protocol. Its curve is a function of the learning rate, so that training an
// epoch again gives the same value again.
func train() error {
	b := readBehaviour(os.Getenv("FAULT_TRAINER"))
	c, err := protocol.Dial()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Folds("the-folds", 100); err != nil {
		return err
	}
	if w := c.Work; w.From.Epoch > 0 && !resumes(w) {
		return fmt.Errorf("the checkpoint is not the one of trial %d fold %d epoch %d", w.Trial, w.Fold, w.From.Epoch)
	}
	if b.is("deaf", c.Work.Trial) {
		signal.Ignore(syscall.SIGTERM)
	}
	for e := c.Work.From.Epoch + 1; e <= c.Work.To.Epoch; e++ {
		over, err := b.epoch(c, e)
		if over || err != nil {
			return err
		}
	}
	return nil
}

// epoch trains one and reports it.
func (b behaviour) epoch(c *protocol.Client, e int) (over bool, err error) {
	w := c.Work
	if err := note(w, e); err != nil {
		return true, err
	}
	time.Sleep(b.pause("pace"))
	switch {
	case e == 2 && b.is("crash", w.Trial):
		return true, fmt.Errorf("segmentation fault, or so")
	case e == 2 && b.is("poison", w.Trial):
		return true, syscall.Kill(os.Getppid(), syscall.SIGKILL)
	case e == 2 && b.is("eat", w.Trial):
		eat()
	case e == 3 && b.is("hang", w.Trial) && w.Attempt == 1:
		signal.Ignore(syscall.SIGTERM)
		time.Sleep(time.Hour)
	case e == 3 && b.is("slow", w.Trial) && w.Fold == 0:
		for until := time.Now().Add(b.pause("slowness")); time.Now().Before(until); time.Sleep(100 * time.Millisecond) {
			if err := c.Progress(e, 1, 2); err != nil {
				return true, err
			}
		}
	}
	if e == 2 && b.is("huge", w.Trial) { // what JSON can say and no float can hold
		fmt.Println(`automl: {"epoch":2,"acc":1e999}`)
		return true, nil
	}
	verb, err := c.Report(protocol.Report{Fold: w.Fold, Epoch: e, Cost: 1, Metrics: b.metrics(w, e)})
	obeys := !b.is("deaf", w.Trial)
	if err != nil || verb == trial.Stop && obeys {
		return true, err
	}
	text := state(w, e)
	if err := os.WriteFile(filepath.Join(w.CheckpointOut, "state"), []byte(text), 0o600); err != nil {
		return true, err
	}
	return verb == trial.Pause && obeys, c.Checkpoint(e)
}

func (b behaviour) metrics(w protocol.Work, e int) trial.Metrics {
	v := accuracy(w, e)
	switch {
	case e != 2:
	case b.is("nan", w.Trial):
		v = math.NaN()
	case b.is("inf", w.Trial):
		v = math.Inf(1)
	case b.is("missing", w.Trial):
		return trial.Metrics{{Name: "loss", Value: 1}}
	}
	return trial.Metrics{{Name: "acc", Value: v}}
}

func accuracy(w protocol.Work, epoch int) float64 {
	d := math.Log10(w.Params.Float("lr", 1)) + 2
	return 0.95 - 0.03*d*d - 0.1*math.Exp(-float64(epoch)) + 0.005*float64(w.Fold%3)
}

func state(w protocol.Work, epoch int) string {
	return fmt.Sprintf("trial %d fold %d epoch %d", w.Trial, w.Fold, epoch)
}

// resumes tells whether the checkpoint handed in is the right one.
func resumes(w protocol.Work) bool {
	text, err := os.ReadFile(filepath.Join(w.CheckpointIn, "state"))
	return err == nil && string(text) == state(w, w.From.Epoch)
}

// note writes down which epoch is trained.
func note(w protocol.Work, epoch int) error {
	f, err := os.OpenFile(os.Getenv("FAULT_LOG"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%s %d %d %d %d\n", w.Study, w.Trial, w.Attempt, w.Fold, epoch)
	if err2 := f.Close(); err == nil {
		err = err2
	}
	return err
}

// eat takes memory, and uses it, until there is none.
func eat() {
	var all [][]byte
	for {
		b := make([]byte, 1<<20)
		for i := 0; i < len(b); i += 4096 {
			b[i] = 1
		}
		all = append(all, b)
		if len(all) > 4096 {
			fmt.Fprintln(os.Stderr, "four gigabytes, and nobody minds")
			os.Exit(70)
		}
	}
}
