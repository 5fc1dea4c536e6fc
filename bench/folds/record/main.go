// Command record trains random configurations with the built-in trainer on every fold for every epoch, and writes what they
// measured: the material of a benchmark of fold races, which need to know what the folds they skip would have shown.
//
//	go run ./bench/folds/record -sweep bench/folds/spaces/digits.yaml -k 5 -configs 60
//	go run ./bench/folds/record -sweep bench/folds/spaces/digits.yaml -configs 60 -list
//	go run ./bench/folds/record -describe
//
// The sweep file says what is trained: search space, metric, epochs, model, data, seed. Configuration n is the n-th draw of the
// random sampler, so every -k measures the same configurations, and a larger -configs keeps the first ones. Seeds, folds and
// heads are drawn as in a study with that seed in which configuration n is trial n.
//
// The result is NAME_kK.csv.gz with the columns config, fold, epoch, value, NAME being that of the sweep. Finished folds are kept
// in NAME_kK.csv.part: a recording that was killed goes on from there, and one that is to have more configurations from its
// table. A fold whose training diverges has the value 0 from that epoch on.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

	"automl/configs"
	"automl/runner/finetune/blas"
)

// options is what the command line says.
type options struct {
	sweep   string
	k       int
	configs int
	out     string // folder
	list    bool
	about   bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil && err != flag.ErrHelp {
		fmt.Fprintln(os.Stderr, "record:", err)
		os.Exit(1)
	}
}

// run is the command.
func run(ctx context.Context, args []string, out, log io.Writer) error {
	o, err := parse(args, log)
	if err != nil {
		return err
	}
	if o.about {
		return describe(o.out, out)
	}
	sweep, err := configs.Load(o.sweep)
	if err != nil {
		return err
	}
	if sweep.Trainer.Type != "builtin" {
		return fmt.Errorf("%s has a trainer of type %s: only the built-in one can be recorded", o.sweep, sweep.Trainer.Type)
	}
	drawn, err := draw(sweep, o.configs)
	if err != nil {
		return err
	}
	if o.list {
		for n, p := range drawn {
			fmt.Fprintf(out, "%d: %v\n", n, p)
		}
		return nil
	}
	blas.SetThreads(1) // as a trial with one core does it; more recordings, not more threads, fill a machine
	r := recording{sweep: sweep, k: o.k, drawn: drawn, log: log,
		file: filepath.Join(o.out, fmt.Sprintf("%s_k%d.csv", sweep.Name, o.k))}
	return r.run(ctx)
}

func parse(args []string, log io.Writer) (options, error) {
	var o options
	f := flag.NewFlagSet("record", flag.ContinueOnError)
	f.SetOutput(log)
	f.StringVar(&o.sweep, "sweep", "", "sweep file with a built-in trainer")
	f.IntVar(&o.k, "k", 5, "folds")
	f.IntVar(&o.configs, "configs", 60, "configurations")
	f.StringVar(&o.out, "out", "bench/folds/data", "folder of the result")
	f.BoolVar(&o.list, "list", false, "print the configurations instead")
	f.BoolVar(&o.about, "describe", false, "print what the tables in -out hold instead")
	switch err := f.Parse(args); {
	case err != nil || o.about:
		return o, err
	case o.sweep == "":
		return o, fmt.Errorf("-sweep is missing: name a sweep file, such as bench/folds/spaces/digits.yaml")
	case o.k < 2:
		return o, fmt.Errorf("-k %d: there is nothing to race over with fewer than 2 folds", o.k)
	case o.configs < 1:
		return o, fmt.Errorf("-configs %d: at least 1", o.configs)
	}
	return o, nil
}
