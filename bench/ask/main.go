// Command ask measures how long a program that trains by itself waits for its next trial: over HTTP, from a daemon whose record
// lies in SQLite on disk, in a study of 8 parameters that has many finished trials.
//
// One program asks, trains for a few milliseconds, tells each epoch and, after the last one of a job, pauses before it asks
// again: in a real program that is saving what was trained and loading what comes next. In the pause the daemon makes the
// proposal ahead. Without one (-pauses 0s), what is measured is a proposal made while the program waits.
//
// Beside it stands what no daemon can be faster than on this machine, measured in the same rhythm, one after each ask: a request
// that the daemon answers without doing anything, and making four pages of a file durable, which is what an ask leaves in the log.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
)

// options is what the command line says.
type options struct {
	samplers, schedulers []string
	finished             []int // trials that are over when the measurement begins
	pauses               []time.Duration
	train                time.Duration // of an epoch
	asks                 int
}

func main() {
	o, err := parse(os.Args[1:])
	if err == nil {
		err = execute(context.Background(), o, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "ask:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	o := options{}
	f := flag.NewFlagSet("ask", flag.ExitOnError)
	samplers := f.String("samplers", "auto", "samplers, separated by commas")
	schedulers := f.String("schedulers", "fifo,auto", "schedulers, separated by commas")
	finished := f.String("finished", "100,950,10000", "finished trials, separated by commas")
	pauses := f.String("pauses", "300ms", "between the last tell of a job and the next ask, separated by commas")
	f.DurationVar(&o.train, "train", 2*time.Millisecond, "training time of an epoch")
	f.IntVar(&o.asks, "asks", 100, "jobs asked for")
	_ = f.Parse(args)
	o.samplers, o.schedulers = strings.Split(*samplers, ","), strings.Split(*schedulers, ",")
	for _, s := range strings.Split(*finished, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return o, fmt.Errorf("-finished %q: a number of trials from 1 on is needed", s)
		}
		o.finished = append(o.finished, n)
	}
	for _, s := range strings.Split(*pauses, ",") {
		d, err := time.ParseDuration(s)
		if err != nil || d < 0 {
			return o, fmt.Errorf("-pauses %q: a duration such as 50ms is needed", s)
		}
		o.pauses = append(o.pauses, d)
	}
	return o, nil
}

func execute(ctx context.Context, o options, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "sampler\tscheduler\tfinished\tpause\tahead\task p50\tp99\tfresh\task p50\tp99\tgoes on\task p50\tp99\ttell p50\tp99\thttp p50\tp99\tdisk p50\tp99\t")
	for _, sampler := range o.samplers {
		for _, scheduler := range o.schedulers {
			for _, n := range o.finished {
				for _, pause := range o.pauses {
					m, err := measure(ctx, setting{sampler, scheduler, n, pause, o.train, o.asks})
					if err != nil {
						return fmt.Errorf("%s, %s, %d trials: %w", sampler, scheduler, n, err)
					}
					fmt.Fprintf(w, "%s\t%s\t%d\t%v\t%d\t%s\t%d\t%s\t%d\t%s\t%s\t%s\t%s\t\n", sampler, scheduler, n, pause, len(m.ahead), both(m.ahead),
						len(m.fresh), both(m.fresh), len(m.on), both(m.on), both(m.tells), both(m.http), both(m.disk))
				}
			}
		}
	}
	return w.Flush()
}

// both is the median and the 99th percentile, two cells of the table.
func both(times []time.Duration) string {
	if len(times) == 0 {
		return "-\t-"
	}
	return fmt.Sprintf("%v\t%v", quantile(times, 0.5), quantile(times, 0.99))
}

// quantile is a time below which the given share of the times lies.
func quantile(times []time.Duration, share float64) time.Duration {
	slices.Sort(times)
	i := min(int(share*float64(len(times))), len(times)-1)
	return times[i].Round(10 * time.Microsecond)
}
