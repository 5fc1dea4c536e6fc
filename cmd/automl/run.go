package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"automl/configs"
	"automl/runner/process"
	"automl/trial"
	"automl/trial/view"
)

func (a *app) runCmd() *cobra.Command {
	var serve serveFlags
	var f localFlags
	c := &cobra.Command{
		Use:   "run SWEEP.yaml|SCRIPT.py",
		Short: "Run a sweep: daemon and runner in one process tree. The same command continues an interrupted study",
		Args:  cobra.ExactArgs(1),
		RunE:  func(c *cobra.Command, args []string) error { return a.runSweep(c.Context(), args[0], serve, f) },
	}
	serve.register(c)
	f.cache.register(c)
	f.shelf.register(c)
	f.logs.register(c)
	f.gpus.register(c)
	f.confine.register(c)
	return c
}

// localFlags are what automl run says to its runner.
type localFlags struct {
	slots   int
	cache   cacheFlags
	shelf   shelfFlags
	logs    logFlags
	gpus    gpuFlags
	confine confineFlags
}

// check finds out, before anything starts, whether this machine can run a trial that needs so much.
func (f *localFlags) check(sweep *configs.Sweep) error {
	if _, err := f.cache.parse(); err != nil {
		return err
	}
	if _, err := f.shelf.parse(); err != nil {
		return err
	}
	if _, err := f.logs.parse(); err != nil {
		return err
	}
	if err := f.confine.check(); err != nil {
		return err
	}
	m := findGPUs()
	defer m.close()
	gpus, err := f.gpus.choose(m)
	if need := sweep.Resources.GPUs; err == nil && need > len(gpus) {
		e := sweep.Errorf("resources.gpus", "a trial needs %s and there are %d for trials here (%s)", view.Counted(need, "GPU"), len(gpus), m.text())
		e.Hint = "take gpus out of the sweep, or submit it to a daemon whose runners have them"
		return e
	}
	f.gpus.fit(sweep.Resources)
	if err == nil && sweep.Trainer.Type == "command" {
		err = startable(sweep)
	}
	return err
}

// startable finds out whether the trainer's program is there. One whose name is a parameter is found out about by its trials.
func startable(sweep *configs.Sweep) error {
	t := sweep.Trainer
	if strings.Contains(t.Command[0], "${") {
		return nil
	}
	_, err := program(t, process.Environment(os.Environ(), nil, process.Machine{}, t.Env))
	if e := new(trial.Error); errors.As(err, &e) {
		at := sweep.Errorf("trainer.command[0]", "%s", e.Msg)
		at.Hint = e.Hint
		return at
	}
	return err
}

// runSweep is the main job from the sweep file to the printed winner.
func (a *app) runSweep(ctx context.Context, path string, serve serveFlags, f localFlags) error {
	sweep, err := a.loadSweep(ctx, path)
	if err != nil {
		return err
	}
	if sweep.Trainer.Type == "external" {
		e := sweep.Errorf("trainer.type", "nobody would train: an external trainer asks a daemon for work")
		e.Hint = "start automl daemon, submit the sweep, and ask and tell over HTTP"
		return e
	}
	if err := f.check(sweep); err != nil {
		return err
	}
	f.slots, serve.shown = sweep.Workers, true
	a.err = &screen{w: a.err} // logs and the live display share the terminal
	t, err := startTree(ctx, a.dataDir, serve, &a.lab, a.log(zerolog.WarnLevel))
	if err != nil {
		return err
	}
	defer t.stop()
	notes, err := learn(ctx, sweep, t.db, configs.Library{Study: earlier(ctx, t.db), Files: true})
	if err != nil {
		return err
	}
	a.told(notes)
	study, err := newStudy(sweep)
	if err != nil {
		return err
	}
	study, created, err := t.daemon.Submit(ctx, study)
	if err != nil {
		return err
	}
	s, err := t.db.Load(ctx, study.ID)
	if err != nil {
		return err
	}
	if s.Status.Over() {
		fmt.Fprintf(a.err, "study %s (%s) is over, in %s: nothing is left to train\n", study.Name, study.ID, a.dataDir)
		return a.conclude(ctx, t.db, s)
	}
	if created {
		s = trial.NewState(study) // whose first decisions may have been made by now
	}
	a.greet(s, created)
	if err := a.work(ctx, t, s, f); err != nil {
		return err
	}
	if s, err = t.db.Load(ctx, study.ID); err != nil {
		return err
	}
	return a.conclude(ctx, t.db, s)
}

func (a *app) greet(state *trial.State, created bool) {
	s, verb, so := state.Study, "study", ""
	if !created {
		verb = "continuing study"
		so = fmt.Sprintf(", after %s of %s", view.Counted(state.EpochsRun(), "epoch"), view.Counted(len(state.Trials), "trial"))
	}
	fmt.Fprintf(a.err, "%s %s (%s): %s over %s of %s, in %s%s\n", verb, s.Name, s.ID, objectivesText(s),
		view.Counted(s.Shape.Folds, "fold"), view.Counted(s.Shape.Epochs, "epoch"), a.dataDir, so)
	if state.Status == trial.StudyPaused {
		fmt.Fprintf(a.err, "it is PAUSED (%s), and trains nothing until automl resume %s\n", state.Reason, s.Name)
	}
}

// work keeps a local runner going and shows the study, from that state on, until it is over.
func (a *app) work(ctx context.Context, t *tree, s *trial.State, f localFlags) error {
	ctx, cancel := context.WithCancel(ctx)
	runner := make(chan error, 1)
	go func() { runner <- a.keepRunner(ctx, f) }()
	defer func() {
		cancel()
		<-runner
	}()
	shown := make(chan error, 1)
	go func() { shown <- a.watch(ctx, t, s) }()
	var err error
	select {
	case err = <-shown:
		shown <- err
	case err = <-runner:
		runner <- err
	case err = <-t.done:
		t.done <- err
	}
	interrupted := ctx.Err() != nil // then all of them end, in whatever order
	cancel()
	<-shown // what is printed from here on stands below the display
	if interrupted {
		fmt.Fprintf(a.err, "interrupted; the study is kept: the same command continues it\n")
		return errInterrupted
	}
	return err
}

// keepRunner runs the local runner as a child process and starts it again when it dies, with growing pauses. It returns when
// the context ends, or with an error when the runner cannot stay alive.
func (a *app) keepRunner(ctx context.Context, f localFlags) error {
	const tries, settled = 5, time.Minute
	for n := 0; ; n++ {
		started := time.Now()
		err := a.startRunner(ctx, f)
		if ctx.Err() != nil {
			return nil
		}
		if time.Since(started) > settled {
			n = 0
		}
		if n >= tries {
			return fmt.Errorf("the local runner ended %d times: %w", n+1, err)
		}
		log := a.log(zerolog.WarnLevel)
		log.Warn().Err(err).Msg("the local runner ended; it is started again")
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Second << n):
		}
	}
}

// startRunner runs the local runner until it ends. When the context ends it is asked to stop, and killed if it does not. It
// dies with this process, whatever kills that.
func (a *app) startRunner(ctx context.Context, f localFlags) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find the automl program: %w", err)
	}
	args := append([]string{"runner", "--here", "--notice", "0s", "--data-dir", a.dataDir, "--log-level", cmp.Or(a.logLevel, "info"), "--slots", strconv.Itoa(f.slots)}, f.cache.args()...)
	args = slices.Concat(args, f.shelf.args(), f.logs.args(), f.gpus.args(), f.confine.args())
	args = append(args, a.lab.args()...)
	c := exec.CommandContext(ctx, self, args...)
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) }
	c.WaitDelay = 20 * time.Second
	log, err := openRunnerLog(filepath.Join(a.dataDir, "runner.log"))
	if err != nil {
		return err
	}
	defer log.Close()
	c.Stderr = log
	return runTied(c)
}

// runnerLogKept is how long the log of local runners may be, in bytes, before the next runner begins a new one.
const runnerLogKept = 16 << 20

// openRunnerLog opens the log of local runners. One that has become long is first put aside, in the place of the one before.
func openRunnerLog(path string) (*os.File, error) {
	if info, err := os.Stat(path); err == nil && info.Size() > runnerLogKept {
		if err := os.Rename(path, path+".1"); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
}

// conclude prints the result of a study that is over, and leaves its report beside the model.
func (a *app) conclude(ctx context.Context, r reader, s *trial.State) error {
	if s.Best() == nil {
		fmt.Fprintf(a.err, "%s is %s: %s\n", s.Study.Name, s.Status, s.Reason)
		fmt.Fprintf(a.err, "automl explain %s TRIAL says what became of one. The record is kept: to search anew, automl delete %s, or give the sweep another name\n", s.Study.Name, s.Study.Name)
		return errNoTrial
	}
	b := view.BestOf(s, gpusOf(s.Study))
	if err := a.show(b, func() { a.printBest(s, b) }, bestTable(b)); err != nil {
		return err
	}
	return a.leaveReport(ctx, r, s)
}
