// Command faults does to the built program what goes wrong in the world, one fault after the other, and checks what must hold then:
//
//   - every trial ends exactly once, and its row says what its record says;
//   - every report that was receipted is on record exactly once, and no epoch of a trial is missing;
//   - nobody has reported who did not hold the lease;
//   - the database is whole, the values recomputed from the reports are those it shows, and applying the decisions gives its state.
//
// The program is the built one, with its NATS server, its SQLite database and child processes that train; nothing is simulated. What
// must hold is checked by package record, from the database file alone, against what a witness saw on the bus.
//
//	go run ./bench/faults -list
//	go run ./bench/faults -short               the part of ./check
//	go run ./bench/faults -seeds 5             all, each with five seeds
//	go run ./bench/faults -only kill-runner
//	go run ./bench/faults -without fencing     the program without one of its protections: its faults must be found
//
// docs/reliability.md says what each fault is and what was found.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

type options struct {
	list, short, keep, verbose bool
	only, without, program     string
	seeds                      int
	seed                       uint64
	patient                    time.Duration
}

func main() {
	if len(os.Args) > 1 && (os.Args[1] == "trainer" || os.Args[1] == "nats") { // what this program is to itself
		err := errors.New("a configuration is missing")
		switch {
		case os.Args[1] == "trainer":
			err = train()
		case len(os.Args) > 2:
			err = serveNATS(os.Args[2])
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	var o options
	flag.BoolVar(&o.list, "list", false, "list the faults and the protections")
	flag.BoolVar(&o.short, "short", false, "only those that take seconds")
	flag.StringVar(&o.only, "only", "", "names of faults, separated by commas")
	flag.StringVar(&o.without, "without", "", "names of protections to build the program without, one after the other; all: every one")
	flag.IntVar(&o.seeds, "seeds", 1, "how often to do each, each time with another seed")
	flag.Uint64Var(&o.seed, "seed", 1, "the first seed")
	flag.StringVar(&o.program, "automl", "", "the program; default: built from the source")
	flag.DurationVar(&o.patient, "patient", 3*time.Minute, "how long anything may take")
	flag.DurationVar(&soakFor, "for", soakFor, "length of the soak")
	flag.BoolVar(&o.keep, "keep", false, "keep the folders of all runs")
	flag.BoolVar(&o.verbose, "v", false, "say more")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "faults: %q is no option; -only %s chooses faults by their names\n", flag.Arg(0), flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ok, err := execute(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

// chosen are the faults that the options name.
func (o options) chosen() ([]fault, error) {
	var out []fault
	names := strings.Split(o.only, ",")
	found := map[string]bool{}
	for _, f := range faults {
		named := false
		for _, n := range names {
			named = named || n == f.name
		}
		if o.only != "" && named || o.only == "" && (f.short && o.short || !o.short && !strings.HasSuffix(f.name, "-short")) {
			out = append(out, f)
			found[f.name] = true
		}
	}
	for _, n := range names {
		if o.only != "" && !found[n] {
			return nil, fmt.Errorf("there is no fault %q: see -list", n)
		}
	}
	return out, nil
}

func execute(ctx context.Context, o options) (ok bool, err error) {
	if o.list {
		list()
		return true, nil
	}
	chosen, err := o.chosen()
	if err != nil {
		return false, err
	}
	dir, err := os.MkdirTemp("", "automl-faults-")
	if err != nil {
		return false, err
	}
	defer func() {
		if ok && !o.keep {
			os.RemoveAll(dir)
		} else {
			fmt.Fprintln(os.Stderr, "the runs lie in", dir)
		}
	}()
	if _, err := buildShim(dir); err != nil {
		return false, err
	}
	if o.without != "" {
		return o.withoutProtections(ctx, dir)
	}
	program, err := o.make(dir)
	if err != nil {
		return false, err
	}
	t := table{}
	t.head()
	for _, f := range chosen {
		r := result{fault: f}
		for s := range o.seeds {
			r.add(o.run(ctx, f, program, filepath.Join(dir, fmt.Sprintf("%s-%d", f.name, s)), o.seed+uint64(s)))
			if ctx.Err() != nil {
				return false, ctx.Err()
			}
		}
		t.row(r)
	}
	return t.end(), nil
}

// make builds the program, or takes the one that is given.
func (o options) make(dir string) (string, error) {
	program := filepath.Join(dir, "automl")
	if o.program == "" {
		return program, build(program)
	}
	given, err := filepath.Abs(o.program)
	if err != nil {
		return "", err
	}
	return program, os.Symlink(given, program)
}
