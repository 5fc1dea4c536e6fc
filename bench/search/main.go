package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"automl/bench/search/sim"
	"automl/bench/search/suite"
)

// options is what the command line says.
type options struct {
	suites     []string
	optimizers []string
	makers     []sim.Maker
	workers    []int
	tasks      []string // only tasks whose name contains one of these
	seeds      int
	first      int
	parallel   int
	budget     float64 // the largest, as a multiple of the epochs of a full run; 0: all
	folder     string  // of the public suites
	out        string
	runs       []string // files of runs: the first is written
	again      bool     // measure what is already there
	only       bool     // report and measure nothing
	plain      bool     // seeds of studies are those of the Python harness
	against    string   // the search that auto is paired with
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err == nil:
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		err = execute(ctx, o, os.Stdout, os.Stderr)
		stop()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "search:", err)
		os.Exit(1)
	}
}

// parse reads the command line.
func parse(args []string, errOut io.Writer) (options, error) {
	o := options{}
	f := flag.NewFlagSet("search", flag.ContinueOnError)
	f.SetOutput(errOut)
	suites := f.String("suite", "taskset", "suites, separated by commas, or all: "+strings.Join(suite.Names(), ", "))
	optimizers := f.String("optimizers", "random,auto", "searches, separated by commas: auto, SAMPLER+SCHEDULER, "+
		strings.Join(sim.References(), ", ")+"; all: "+strings.Join(sim.Standard(), ", "))
	workers := f.String("workers", "1", "numbers of simulated workers, separated by commas")
	tasks := f.String("tasks", "", "only tasks whose name contains one of these, separated by commas")
	f.IntVar(&o.seeds, "seeds", 10, "number of seeds")
	f.IntVar(&o.first, "first-seed", 0, "the first seed")
	f.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "runs at the same time")
	f.Float64Var(&o.budget, "budget", 0, "largest budget, as a multiple of the epochs of a full run; of a black box, trials; 0: all")
	f.StringVar(&o.folder, "suites", "", "folder of the public suites; default: "+suite.Variable+", else shared/bench above here")
	f.StringVar(&o.out, "out", "", "Markdown file for the tables, with a CSV file beside it and plots in img; default: standard output")
	runs := f.String("runs", "", "JSON file that keeps the runs of this and earlier calls; further files, after commas, are only read")
	f.BoolVar(&o.again, "again", false, "measure also what the file of -runs has")
	f.BoolVar(&o.only, "only-report", false, "measure nothing: report what the files of -runs have")
	f.BoolVar(&o.plain, "plain-seeds", false, "give a study the seed itself, as the Python harness does: then a run can be held against one "+
		"over HTTP, step by step")
	f.StringVar(&o.against, "against", "hyperband", "search that auto is compared with, run by run")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.suites, o.optimizers, o.tasks, o.runs = split(*suites), split(*optimizers), split(*tasks), split(*runs)
	if slices.Equal(o.optimizers, []string{"all"}) {
		o.optimizers = sim.Standard()
	}
	if slices.Equal(o.suites, []string{"all"}) {
		o.suites = suite.Names()
	}
	for _, text := range split(*workers) {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-workers %s: use whole numbers from 1", *workers)
		}
		o.workers = append(o.workers, n)
	}
	return o, o.check()
}

// check refuses what cannot be run, and makes the searches.
func (o *options) check() error {
	if o.seeds < 1 || o.parallel < 1 || o.budget < 0 || o.first < 0 {
		return errors.New("-seeds and -parallel must be at least 1, -budget and -first-seed at least 0")
	}
	if o.only && len(o.runs) == 0 {
		return errors.New("-only-report needs the files of -runs")
	}
	if o.out != "" && !strings.HasSuffix(o.out, ".md") {
		return fmt.Errorf("-out %s: the file must end in .md", o.out)
	}
	for _, s := range o.suites {
		if !slices.Contains(suite.Names(), s) {
			return fmt.Errorf("there is no suite %q; there are %s", s, strings.Join(suite.Names(), ", "))
		}
	}
	for _, name := range o.optimizers {
		m, err := sim.Parse(name)
		if err != nil {
			return err
		}
		o.makers = append(o.makers, m)
	}
	return nil
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

// execute measures and reports. What was measured is reported also when the context ends before all is.
func execute(ctx context.Context, o options, out, progress io.Writer) error {
	folder, err := suite.Find(o.folder)
	if errors.Is(err, suite.ErrAbsent) {
		o.suites = slices.DeleteFunc(o.suites, suite.Public)
		fmt.Fprintf(progress, "%v.\nThe public suites are left out.\n", err)
	} else if err != nil {
		return err
	}
	kept, err := openAll(o.runs)
	if err != nil {
		return err
	}
	var failed error
	if !o.only {
		tasks, err := o.load(folder)
		if err != nil {
			return err
		}
		failed = measure(ctx, o.jobs(tasks, kept), o.parallel, kept, progress)
	}
	if runs := kept.all(); len(runs) > 0 {
		failed = errors.Join(failed, report(o, folder, runs, out))
	}
	return failed
}

// openAll opens the files of -runs, if there are any.
func openAll(files []string) (*archive, error) {
	if len(files) == 0 {
		return open("")
	}
	return open(files[0], files[1:]...)
}

// load makes the tasks of all suites.
func (o options) load(folder string) ([]*suite.Task, error) {
	var out []*suite.Task
	for _, name := range o.suites {
		tasks, err := suite.Load(folder, name, o.wanted)
		if err != nil {
			return nil, err
		}
		out = append(out, tasks...)
	}
	return out, nil
}

func (o options) wanted(task string) bool {
	return len(o.tasks) == 0 || slices.ContainsFunc(o.tasks, func(part string) bool { return strings.Contains(task, part) })
}
