package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"automl/trial"
)

// app is what all commands share: the global flags and where output goes. Data goes to out, everything else to err.
type app struct {
	dataDir    string
	server     string
	tokenFile  string
	caFile     string
	output     string
	logLevel   string
	noProgress bool
	lab        lab

	out io.Writer
	err io.Writer
}

// run executes the command line and returns the exit code.
func (a *app) run(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetOut(a.out)
	root.SetErr(a.err)
	return a.exit(root.ExecuteContext(ctx))
}

func (a *app) root() *cobra.Command {
	c := &cobra.Command{
		Use:   "automl",
		Short: "Search the learning rate, the freeze schedule and the rest of a fine-tuning, overnight",
		Long: `automl searches hyperparameters for fine-tuning pretrained networks: it proposes trials with Bayesian
optimization and Hyperband, trains them with k-fold cross-validation, prunes weak ones early, records every epoch of
every fold, and hands over the best learning rate and freeze schedule with the evidence and the refitted model.

  automl run sweep.yaml      everything in one process tree; the same command continues an interrupted study`,
		SilenceErrors: true,
		SilenceUsage:  true,
		PersistentPreRunE: func(*cobra.Command, []string) error {
			return a.checkFlags()
		},
	}
	f := c.PersistentFlags()
	f.StringVar(&a.dataDir, "data-dir", "./.automl", "folder of the record, checkpoints, models and logs")
	f.StringVar(&a.server, "server", "", "URL of a daemon; default: the one of the data directory")
	f.StringVar(&a.tokenFile, "token-file", "", "file with the daemon's token")
	f.StringVar(&a.caFile, "ca-file", "", "authority of the daemon's certificate, in PEM; default: those of this system")
	f.StringVarP(&a.output, "output", "o", "table", "table, json, yaml or csv")
	f.StringVar(&a.logLevel, "log-level", "", "debug, info, warn or error; default: info, and warn for run, which shows what happens anyway")
	f.BoolVar(&a.noProgress, "no-progress", false, "plain lines instead of the live display")
	f.Var(&a.lab, "lab", "for bench/faults: scale=FACTOR of all waiting times, patience=FACTOR, clock=OFFSET")
	_ = f.MarkHidden("lab") // it is there
	c.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return flagFault(err) })
	c.AddCommand(a.runCmd(), a.daemonCmd(), a.runnerCmd(), a.trainerCmd(), a.submitCmd(), a.listCmd(), a.statusCmd(),
		a.describeCmd(), a.bestCmd(), a.reportCmd(), a.explainCmd(), a.logsCmd(), a.planCmd(), a.schemaCmd(), a.doctorCmd(), a.versionCmd(),
		a.enqueueCmd(), a.claimCmd(), a.joinTokenCmd(), a.exportCmd(), a.importCmd(), a.backupCmd(), a.salvageCmd(),
		a.moveCmd("pause", "Stop handing out work; running trials come back at their next epoch"),
		a.moveCmd("resume", "Go on with a paused study"),
		a.moveCmd("stop", "End a study for good"),
		a.moveCmd("delete", "Remove a study and its record"))
	explainArgs(c)
	return c
}

func (a *app) checkFlags() error {
	switch a.output {
	case "table", "json", "yaml", "csv":
	default:
		return usage(fmt.Errorf("--output %q is none of table, json, yaml, csv", a.output))
	}
	if _, err := zerolog.ParseLevel(a.logLevel); err != nil {
		return usage(fmt.Errorf("--log-level %q is none of debug, info, warn, error", a.logLevel))
	}
	return nil
}

// log is the logger: for a person on a terminal, JSON otherwise.
func (a *app) log(normal zerolog.Level) zerolog.Logger {
	level := normal
	if a.logLevel != "" {
		level, _ = zerolog.ParseLevel(a.logLevel) // checkFlags has seen it
	}
	w := a.err
	if isTerminal(a.err) {
		w = zerolog.ConsoleWriter{Out: a.err, TimeFormat: time.TimeOnly}
	}
	return zerolog.New(w).Level(level).With().Timestamp().Logger()
}

// isTerminal tells whether w is a terminal.
func isTerminal(w io.Writer) bool {
	if s, ok := w.(*screen); ok {
		w = s.w
	}
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// live tells whether the live display may take over the terminal.
func (a *app) live() bool { return !a.noProgress && isTerminal(a.err) }

// usage marks an error as one of usage: exit code 2.
func usage(err error) error {
	return trial.Wrap(trial.Invalid, err, "usage")
}
