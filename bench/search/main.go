package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

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
	out, runs  string
}

func main() {
	o, err := parse(os.Args[1:], os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err == nil:
		err = execute(o, os.Stdout, os.Stderr)
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
		strings.Join(sim.References(), ", "))
	workers := f.String("workers", "1", "numbers of simulated workers, separated by commas")
	tasks := f.String("tasks", "", "only tasks whose name contains one of these, separated by commas")
	f.IntVar(&o.seeds, "seeds", 10, "number of seeds")
	f.IntVar(&o.first, "first-seed", 0, "the first seed")
	f.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "runs at the same time")
	f.Float64Var(&o.budget, "budget", 0, "largest budget, as a multiple of the epochs of a full run; of a black box, trials; 0: all")
	f.StringVar(&o.folder, "suites", "", "folder of the public suites; default: "+suite.Variable+", else shared/bench above here")
	f.StringVar(&o.out, "out", "", "Markdown file for the tables, with a CSV file and plots beside it; default: standard output")
	f.StringVar(&o.runs, "runs", "", "JSON file that keeps the runs of this and earlier calls")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	o.suites, o.optimizers, o.tasks = split(*suites), split(*optimizers), split(*tasks)
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

// execute measures and reports.
func execute(o options, out, progress io.Writer) error {
	folder, err := suite.Find(o.folder)
	if errors.Is(err, suite.ErrAbsent) {
		o.suites = slices.DeleteFunc(o.suites, suite.Public)
		fmt.Fprintf(progress, "%v.\nThe public suites are left out.\n", err)
	} else if err != nil {
		return err
	}
	runs, err := keep(o.runs)
	if err != nil {
		return err
	}
	for _, name := range o.suites {
		tasks, err := suite.Load(folder, name, o.wanted)
		if err != nil {
			return err
		}
		more, err := measure(o, tasks, progress)
		if err != nil {
			return err
		}
		runs = merge(runs, more)
		if err := store(o.runs, runs); err != nil {
			return err
		}
	}
	if len(runs) == 0 {
		return nil
	}
	return report(o, folder, runs, out)
}

func (o options) wanted(task string) bool {
	return len(o.tasks) == 0 || slices.ContainsFunc(o.tasks, func(part string) bool { return strings.Contains(task, part) })
}
