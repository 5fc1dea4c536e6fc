package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"automl/bench/faults/record"
)

// outcome is one run of a fault.
type outcome struct {
	seed    uint64
	verdict record.Verdict
	failed  error // the script came to no end
	skipped string
	notes   []string
	took    time.Duration
	events  int
	logs    string
}

// skipped ends the script of a fault that this machine cannot do.
type skipped struct{ why string }

func (w *world) skip(format string, args ...any) { panic(skipped{fmt.Sprintf(format, args...)}) }

// note keeps a figure for the table.
func (w *world) note(format string, args ...any) {
	w.notes = append(w.notes, fmt.Sprintf(format, args...))
}

// run does a fault once.
func (o options) run(ctx context.Context, f fault, program, root string, seed uint64) (out outcome) {
	out.seed = seed
	started := time.Now()
	defer func() { out.took = time.Since(started) }()
	var w *world
	defer func() {
		if w != nil {
			w.close()
		}
	}()
	defer func() {
		switch p := recover().(type) {
		case nil:
		case failure:
			out.failed = p.error
			if w != nil {
				w.autopsy()
				for _, q := range w.procs[max(0, len(w.procs)-4):] {
					out.logs += fmt.Sprintf("--- %s\n%s\n", q.log, q.tail())
				}
			}
		case skipped:
			out.skipped = p.why
		default:
			panic(p)
		}
		if w != nil {
			out.notes = w.notes
		}
	}()
	w = newWorld(ctx, program, root, seed, f.scale, o.patient)
	f.run(w)
	out.events = w.count("SELECT (SELECT count(*) FROM reports) + (SELECT count(*) FROM decisions)")
	var err error
	out.verdict, err = w.verify()
	w.must(err)
	if !out.verdict.OK() {
		w.autopsy()
	}
	return out
}

// result is all runs of a fault.
type result struct {
	fault fault
	runs  []outcome
}

func (r *result) add(o outcome) { r.runs = append(r.runs, o) }

// table prints what was found.
type table struct{ bad, done int }

const columns = "%3s  %-22s %6s %8s %8s %8s %8s %8s  %s\n"

func (t *table) head() {
	fmt.Printf(columns, "no.", "fault", "times", "events", "lost", "doubled", "wrong", "seconds", "")
}

func (t *table) row(r result) {
	lost, doubled, wrong, events, seconds, times := 0, 0, 0, 0, 0.0, 0
	var remarks []string
	for _, o := range r.runs {
		if o.skipped != "" {
			remarks = append(remarks, "skipped: "+o.skipped)
			continue
		}
		times++
		lost += len(o.verdict.Lost)
		doubled += len(o.verdict.Doubled)
		wrong += len(o.verdict.Wrong)
		if o.failed != nil {
			wrong++
		}
		events += o.events
		seconds += o.took.Seconds()
		remarks = append(remarks, o.notes...)
	}
	fmt.Printf(columns, fmt.Sprint(r.fault.number), r.fault.name, fmt.Sprint(times), fmt.Sprint(events), fmt.Sprint(lost), fmt.Sprint(doubled), fmt.Sprint(wrong),
		fmt.Sprintf("%.1f", seconds), strings.Join(remarks, "; "))
	for _, o := range r.runs {
		for i, p := range o.verdict.Problems() {
			if i == 10 {
				fmt.Fprintf(os.Stderr, "     and %d more\n", len(o.verdict.Problems())-10)
				break
			}
			fmt.Fprintf(os.Stderr, "     seed %d: %s\n", o.seed, p)
		}
		if o.failed != nil {
			fmt.Fprintf(os.Stderr, "     seed %d: %v\n%s", o.seed, o.failed, o.logs)
		}
	}
	t.done += times
	if lost+doubled+wrong > 0 {
		t.bad++
	}
}

// end reports whether all is well.
func (t *table) end() bool {
	fmt.Printf("%d runs, %d faults with something lost, doubled or wrong\n", t.done, t.bad)
	return t.bad == 0
}

func list() {
	for _, f := range faults {
		kind := ""
		if f.short {
			kind = "short"
		}
		fmt.Printf("%3d  %-22s %-6s %s\n", f.number, f.name, kind, f.about)
	}
	fmt.Println("\nprotections, for -without:")
	for _, p := range protections {
		fmt.Printf("     %-22s %s (found by %s)\n", p.name, p.about, strings.Join(p.faults, ", "))
	}
}
