package runner

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"automl/runner/process"
	"automl/runner/protocol"
	"automl/trial"
)

// child handles what one trainer process says.
type child struct {
	*attempt
	work  protocol.Work
	exit  *trial.Exit // of the attempt; a refit notes its model in it
	epoch int         // the last reported
}

var _ process.Handler = (*child)(nil)

// piece runs one piece of work in a child process.
func (t *attempt) piece(s trial.Slice, output io.Writer, exit *trial.Exit) (process.Outcome, error) {
	home := t.runner.store.scratch(t.order.Key(), s.Fold)
	defer os.RemoveAll(home)
	traceparent, end := t.trace(s.Fold)
	failure := ""
	defer func() { end(failure) }()
	spec, err := t.spec(s, home, traceparent)
	if err != nil {
		failure = err.Error()
		return process.Outcome{}, err
	}
	c := &child{attempt: t, work: spec.Work, exit: exit, epoch: spec.Work.From.Epoch}
	spec.Output, spec.Handler = output, c
	t.began()
	p, err := t.runner.cfg.Start(spec)
	if err != nil {
		failure = err.Error()
		return process.Outcome{}, err
	}
	t.adopt(p)
	outcome := p.Wait()
	t.adopt(nil)
	err = c.collect(&outcome)
	if outcome.Failure != "" {
		failure = string(outcome.Failure) + ": " + shorten(outcome.Message)
	}
	if err != nil {
		failure = err.Error()
		return process.Outcome{}, err
	}
	if outcome.Over {
		t.discard(func(kept checkpoint) bool { return kept.fold == s.Fold })
	}
	return outcome, nil
}

// trace begins the span of a trainer. Where this runner makes none, the trainer's own belong to the attempt's.
func (t *attempt) trace(fold int) (traceparent string, end func(failure string)) {
	if t.runner.cfg.Trace == nil {
		return t.order.Trace, func(string) {}
	}
	return t.runner.cfg.Trace.Trainer(t.order, fold, t.runner.cfg.Name)
}

// spec says how to start the trainer of a piece of work.
func (t *attempt) spec(s trial.Slice, home, traceparent string) (process.Spec, error) {
	work := t.work(s, home)
	argv, err := t.argv(work)
	if err != nil {
		return process.Spec{}, err
	}
	cfg, trainer := t.runner.cfg, t.order.Trainer
	return process.Spec{Argv: argv, Dir: trainer.Workdir, Work: work, Home: home, Resident: t.resident(argv),
		Env:    process.Environment(os.Environ(), cfg.PassEnv, t.machine(traceparent), trainer.Env),
		Memory: t.order.Resources.MemoryBytes, Tasks: max(0, cfg.Tasks), Cores: t.slot.cores, Grace: cfg.Timings.Grace, Obey: cfg.Timings.Obey, Clock: cfg.Clock, Log: t.log}, nil
}

// resident is the process that the trainer is to be a fork of; nil: it is a program of its own. What it has of the environment is
// what all trials of the study have that get as many processor cores.
func (t *attempt) resident(argv []string) *process.Resident {
	cfg, trainer, want := t.runner.cfg, t.order.Trainer, t.order.Resources
	if trainer.Type != "command" || trainer.Resident == nil {
		return nil
	}
	python, script, _, err := trial.SplitPython(argv)
	if err != nil { // the sweep file was checked for it
		t.log.Warn().Err(err).Msg("the command cannot have a resident process")
		return nil
	}
	return t.runner.residents.For(process.Preload{Python: python, Script: script, Dir: trainer.Workdir,
		Env:    process.Environment(os.Environ(), cfg.PassEnv, process.Machine{Threads: t.slot.threads}, trainer.Env),
		Import: trainer.Resident.Import, Setup: trainer.Resident.Setup, Memory: want.MemoryBytes,
		Limit: time.Duration(want.TimeoutSeconds * float64(time.Second))})
}

// machine is what the slot has of this machine, for the environment.
func (t *attempt) machine(traceparent string) process.Machine {
	return process.Machine{Threads: t.slot.threads, GPUs: t.slot.ids(), GPUShare: t.slot.share, GPUMemory: t.slot.memory(),
		Accumulate: accumulate(t.order.OOMs), Trace: traceparent}
}

// accumulate is in how many parts to compute a batch after so many attempts that ran out of memory: each halves the micro-batch.
func accumulate(ooms int) int { return 1 << min(max(0, ooms), 20) }

// argv is the command of a piece of work.
func (t *attempt) argv(w protocol.Work) ([]string, error) {
	switch kind := t.order.Trainer.Type; {
	case kind == "command":
		return trial.FillCommand(t.order.Trainer.Command, w.Params, words(w)), nil
	case kind == "builtin" && len(t.runner.cfg.Builtin) > 0:
		return t.runner.cfg.Builtin, nil
	default:
		return nil, fmt.Errorf("this runner cannot run a trainer of type %q", kind)
	}
}

// words are the values of trial.CommandWords.
func words(w protocol.Work) map[string]string {
	return map[string]string{
		"trial": strconv.Itoa(w.Trial), "attempt": strconv.Itoa(w.Attempt), "seed": strconv.FormatUint(w.Seed, 10),
		"fold": strconv.Itoa(w.Fold), "folds": strconv.Itoa(w.Folds.K), "epochs": strconv.Itoa(w.Epochs),
		"from": strconv.Itoa(w.From.Epoch), "to": strconv.Itoa(w.To.Epoch),
		"checkpoint_in": w.CheckpointIn, "checkpoint_out": w.CheckpointOut, "artifact_out": w.ArtifactOut, "scratch": w.Scratch,
	}
}

// work describes a piece of work.
func (t *attempt) work(s trial.Slice, home string) protocol.Work {
	a := t.order
	w := protocol.Work{Study: a.Study, Name: a.Name, Trial: a.Trial, Attempt: a.Attempt, Phase: a.Phase, Seed: a.Seed,
		Params: a.Params, Objective: a.Objective, Others: a.Others, Fold: s.Fold, Folds: a.Split, Epochs: a.Shape.Epochs,
		From: trial.Resource{Fold: s.Fold}, To: trial.Resource{Fold: s.Fold, Epoch: s.To},
		CheckpointOut: filepath.Join(home, "checkpoint"), Scratch: filepath.Join(home, "scratch"),
		GPUs: []int{}, Threads: t.slot.threads, GPUShare: t.slot.share, GPUMemory: t.slot.memory(), Accumulate: accumulate(a.OOMs), Trainer: a.Trainer}
	for i := range t.slot.gpus {
		w.GPUs = append(w.GPUs, i)
	}
	if c := t.runner.cfg.Cache; a.Trainer.Type == "builtin" && c.Bytes > 0 {
		w.Cache = &c
	}
	if a.Phase == trial.Refit {
		w.ArtifactOut = filepath.Join(home, "artifact")
		w.Epochs = s.To
	} else if c := t.resume(s); c.path != "" {
		w.CheckpointIn, w.From.Epoch = c.path, c.epoch
	}
	return w
}

// startProcess starts a child process, in folders of its own.
func startProcess(s process.Spec) (Child, error) {
	s.Work.Memory = process.Memory(s.Memory)
	_, _ = s.Output.Write(nil) // a trainer that says nothing has a log too
	w := s.Work
	for _, dir := range []string{w.CheckpointOut, w.Scratch, cmp.Or(w.ArtifactOut, w.Scratch)} {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return nil, fmt.Errorf("prepare the work: %w", err)
		}
	}
	p, err := process.Start(s)
	if err != nil { // a nil pointer would be no nil Child
		return nil, err
	}
	return p, nil
}

// resume finds the checkpoint to go on from. One that is older than the order, or none, only costs time: the epochs reported
// again are known already. Checkpoints of folds before this one are of no use any more.
func (t *attempt) resume(s trial.Slice) checkpoint {
	t.discard(func(kept checkpoint) bool { return kept.fold < s.Fold })
	c := t.runner.store.newest(t.order.Study, t.order.Trial, s.Fold, s.From)
	if c.epoch < s.From {
		t.log.Info().Int("fold", s.Fold).Int("wanted", s.From).Int("found", c.epoch).Msg("some epochs are trained again")
	}
	return c
}

func (t *attempt) discard(unwanted func(checkpoint) bool) {
	if err := t.runner.store.drop(t.order.Study, t.order.Trial, unwanted); err != nil {
		t.log.Warn().Err(err).Msg("checkpoints that nobody needs are left behind")
	}
	t.runner.shelved(t.order.Study, t.order.Trial)
}

// Report passes a report on and waits for the decision.
func (c *child) Report(r protocol.Report) (trial.Verb, string) {
	took := c.lap().Seconds()
	c.epoch = r.Epoch
	c.mu.Lock()
	used := c.usage.take()
	c.mu.Unlock()
	if r.Metrics == nil {
		r.Metrics = trial.Metrics{}
	}
	return c.ask(trial.Report{Trial: c.order.Trial, Attempt: c.order.Attempt, Fold: r.Fold, Epoch: r.Epoch, Metrics: r.Metrics,
		Cost: cmp.Or(r.Cost, took), Last: r.Last, Cache: r.Cache, Usage: used, Confusion: r.Confusion})
}

// Checkpoint keeps the checkpoint. A refit runs in one go, and goes on from none: its last one is the model, where the trainer has no other.
func (c *child) Checkpoint(epoch int) error {
	if c.work.Phase == trial.Refit {
		return moveDir(c.work.CheckpointOut, c.kept())
	}
	err := c.runner.store.keep(c.work.CheckpointOut, c.order.Study, c.order.Trial, c.work.Fold, epoch, c.recorded(c.work.From.Epoch))
	c.runner.shelved(c.order.Study, c.order.Trial)
	c.runner.makeRoom()
	return err
}

// Artifact keeps the finished model.
func (c *child) Artifact(m trial.Metrics) error { return c.keepModel(c.work.ArtifactOut, m) }

func (c *child) keepModel(from string, m trial.Metrics) error {
	to := c.runner.store.artifact(c.order.Study, c.order.Trial)
	if err := moveDir(from, to); err != nil {
		return fmt.Errorf("keep the model: %w", err)
	}
	c.exit.Artifact, c.exit.Metrics = to, m
	return nil
}

// kept is where a refit's last checkpoint is.
func (c *child) kept() string { return c.work.CheckpointOut + "-kept" }

// collect takes the model of a refit whose trainer did not hand it over: what lies in its place, else the last checkpoint, said or only
// written. What the last report measured was measured with it.
func (c *child) collect(o *process.Outcome) error {
	if c.work.Phase != trial.Refit || o.Failure != "" || o.Verb != trial.Continue || c.exit.Artifact != "" {
		return nil
	}
	for _, dir := range []string{c.work.ArtifactOut, c.kept(), c.work.CheckpointOut} {
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			return c.keepModel(dir, o.Metrics)
		}
	}
	o.Failure, o.Message = trial.Protocol, "trained on all data and left no model: it is the last checkpoint, or what is in the folder artifact_out of the work file"
	return nil
}

// Progress passes progress on, if it is not too much.
func (c *child) Progress(p protocol.Progress) {
	if !c.mayProgress() {
		return
	}
	err := c.runner.queue.Progress(trial.Progress{Key: c.order.Key(), Fold: c.work.Fold, Epoch: cmp.Or(p.Epoch, c.epoch+1),
		Step: p.Step, Steps: p.Steps})
	if err != nil {
		c.log.Debug().Err(err).Msg("a progress message is lost")
	}
}

// Folds passes the proof of the folds on.
func (c *child) Folds(f protocol.Folds) {
	c.out.add(trial.Inbound{Folds: &trial.FoldsSeen{Hash: f.Hash, Rows: f.N}})
}

// Beat notes a sign of life.
func (c *child) Beat() { c.beat() }
