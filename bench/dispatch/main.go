// Command dispatch measures how many reports and trials a second go the whole way: from a trainer through the runner's spool and the
// bus into the record, which is durable (SQLite, synchronous=FULL), and back as a receipt. The daemon's side (NATS server, daemon,
// record) is this process; the runners are another one, connected over TCP. Everything is the product's own code but for the trainers:
// they are no child processes, and train in no time. Each waits for the receipt of an epoch before it begins the next one.
//
// Beside it, with -python, the same work is done by the storages of Optuna: trials that report as many values and end.
//
// Before it stands what the disk can do: nothing is durable sooner than a page of a file that is written in place.
//
// With -restart it measures how long a daemon takes until it is ready on a record of so many reports.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"automl/trial/heap"
)

// options is what the command line says.
type options struct {
	dir     string // where the records are made, on the disk to be measured
	epochs  []int  // of a trial; one setting each
	length  int    // reports of a setting, about
	runners int
	slots   int // of a runner
	metrics int // values of a report
	python  string
	restart int
	profile string
}

func main() {
	var err error
	heap.Floor() // as the product's processes do
	if len(os.Args) > 1 && os.Args[1] == sideOfRunners {
		err = runRunners(os.Stdin, os.Stdout)
	} else {
		err = measureAll(context.Background(), parse(), os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "dispatch:", err)
		os.Exit(1)
	}
}

func parse() options {
	o := options{}
	f := flag.NewFlagSet("dispatch", flag.ExitOnError)
	epochs := f.String("epochs", "1,10,100", "epochs of a trial, each of which is reported; separated by commas")
	f.StringVar(&o.dir, "dir", "", "a folder on the disk to be measured; default: that of temporary files")
	f.IntVar(&o.length, "reports", 200_000, "reports of each setting; a trial counts for six besides its own")
	f.IntVar(&o.runners, "runners", 8, "runners")
	f.IntVar(&o.slots, "slots", 64, "slots of each runner")
	f.IntVar(&o.metrics, "metrics", 1, "values in a report")
	f.StringVar(&o.python, "python", "", "an interpreter that has optuna, to do the same work with its storages")
	f.IntVar(&o.restart, "restart", 0, "measure a restart with so many reports on record, and nothing else")
	f.StringVar(&o.profile, "profile", "", "a folder for processor profiles")
	_ = f.Parse(os.Args[1:])
	for _, s := range strings.Split(*epochs, ",") {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			fmt.Fprintf(os.Stderr, "dispatch: -epochs %q: a number from 1 on is needed\n", s)
			os.Exit(2)
		}
		o.epochs = append(o.epochs, n)
	}
	return o
}

// trialCost is how many reports a trial costs besides its own, about.
const trialCost = 6

func measureAll(ctx context.Context, o options, out io.Writer) error {
	if o.restart > 0 {
		return restart(ctx, o, out)
	}
	if err := probe(o.dir, out); err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "system\tepochs\ttrials\treports/s\ttrials/s\tratio\treceipt p50\tp99\tcpu-µs/report\tof the daemon\tevents/commit\tcommit\t")
	for _, epochs := range o.epochs {
		s := setting{epochs: epochs, trials: max(o.length/(epochs+trialCost), 2*o.runners*o.slots), runners: o.runners, slots: o.slots,
			metrics: o.metrics, profile: o.profile}
		r, err := measure(ctx, o.dir, s)
		if err != nil {
			return fmt.Errorf("%d epochs: %w", epochs, err)
		}
		fmt.Fprintf(w, "automl\t%d\t%d\t%.0f\t%.0f\t1\t%v\t%v\t%.1f\t%.1f\t%.0f\t%v\t\n", epochs, s.trials, r.reports(s), r.trials(s),
			r.side.Median.Round(10*time.Microsecond), r.side.P99.Round(10*time.Microsecond), r.perReport(s, r.daemon+r.side.CPU), r.perReport(s, r.daemon), r.group,
			r.commit.Round(10*time.Microsecond))
		if o.python == "" {
			continue
		}
		for _, p := range peers {
			q, err := p.measure(ctx, o.dir, o.python, s)
			if err != nil {
				return fmt.Errorf("%s, %d epochs: %w", p.name, epochs, err)
			}
			fmt.Fprintf(w, "%s\t%d\t%d\t%.0f\t%.0f\t%.1f\t\t\t\t\t\t\t\n", p.name, epochs, q.trials, q.rate*float64(epochs), q.rate, r.trials(s)/q.rate)
		}
	}
	return w.Flush()
}
