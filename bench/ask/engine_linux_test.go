package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"automl/search/daemon"
	"automl/trial"
)

// BenchmarkAsk is one program that asks, trains in no time and tells, without disk and network. It reports what the ask of a
// new trial takes of the processor, which the machine's other work does not change: fresh, or when the daemon had the time to
// make the proposal ahead.
func BenchmarkAsk(b *testing.B) {
	for _, sampler := range []string{"tpe", "gp"} {
		for _, scheduler := range []string{"fifo", "asha", "freezethaw"} {
			for _, n := range []int{100, 950, 10000} {
				study := theStudy(scheduler)
				events, err := past(study, scheduler, n)
				if err != nil {
					b.Fatal(err)
				}
				for _, ahead := range []bool{false, true} {
					name := fmt.Sprintf("%s/%s/finished=%d/ahead=%v", sampler, scheduler, n, ahead)
					b.Run(name, func(b *testing.B) { ask(b, spec(study, sampler, scheduler), events, ahead) })
				}
			}
		}
	}
}

func ask(b *testing.B, s daemon.Spec, events []trial.Event, ahead bool) {
	e, err := daemon.NewEngine(s, slices.Clone(events))
	if err != nil {
		b.Fatal(err)
	}
	var times []time.Duration
	for len(times) < 30 || b.Loop() {
		if ahead || len(times) == 0 { // the first one after a start is made ahead in any case
			e.Prepare()
		}
		start := processor(b)
		a, _ := e.Ask(time.Now().UTC())
		if took := processor(b) - start; a.From == (trial.Resource{}) {
			times = append(times, took)
		}
		play(e, a)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(quantile(times, 0.5).Microseconds()), "p50-us")
	b.ReportMetric(float64(quantile(times, 0.99).Microseconds()), "p99-us")
}

// processor is the time this process has had of all processors.
func processor(b *testing.B) time.Duration {
	b.Helper()
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_PROCESS_CPUTIME_ID, &t); err != nil {
		b.Fatal(err)
	}
	return time.Duration(t.Nano())
}
