package dispatch

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"
)

// BenchmarkServe starts and stops the embedded server.
func BenchmarkServe(b *testing.B) {
	dir := b.TempDir()
	var up time.Duration
	for b.Loop() {
		start := time.Now()
		s := serve(b, dir, "")
		up += time.Since(start)
		s.Shutdown()
	}
	b.ReportMetric(up.Seconds()*1e3/float64(b.N), "up-ms")
}

// epochReport is a message of the usual size.
func epochReport(run string, n int64) trial.Inbound {
	return trial.Inbound{Key: key, Run: run, N: n, Report: &trial.Report{Trial: 1, Attempt: 1, Epoch: int(n),
		Metrics: trial.Metrics{{Name: "loss", Value: 0.4217}, {Name: "accuracy", Value: 0.8125}}, Cost: 12.5}}
}

// cpu is the processor time of this process so far: unlike the clock it does not depend on who else runs.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	ok(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkInbound carries reports of four runs from Send to Inbox and acknowledges them.
func BenchmarkInbound(b *testing.B) {
	for _, senders := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) {
			s := serve(b, b.TempDir(), "")
			d := newDaemon(b, options(s, RoleDaemon))
			var runners [4]*Runner
			for i := range runners {
				runners[i] = newRunner(b, s, fmt.Sprint("run", i))
			}
			var n atomic.Int64
			b.ResetTimer()
			start := cpu(b)
			var sending sync.WaitGroup
			for range senders {
				sending.Go(func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						r := runners[i%4]
						ok(b, r.Send(b.Context(), epochReport(r.run, i)))
					}
				})
			}
			for range b.N {
				(<-d.Inbox()).Ack()
			}
			sending.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
			b.ReportMetric(float64((cpu(b)-start).Nanoseconds())/1e3/float64(b.N), "cpu-µs/msg")
		})
	}
}

// BenchmarkAnnounce is a round trip for a lease, while the daemon does nothing else.
func BenchmarkAnnounce(b *testing.B) {
	s := serve(b, b.TempDir(), "")
	d, r := newDaemon(b, options(s, RoleDaemon)), newRunner(b, s, "run1")
	go func() {
		for mail := range d.Inbox() {
			mail.Reply(trial.Grant{Granted: true})
		}
	}()
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		_, err := r.Announce(b.Context(), trial.Announce{Key: key, Run: "run1"})
		ok(b, err)
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

// BenchmarkWork takes assignments from Publish through Pull and Announce to Ack.
func BenchmarkWork(b *testing.B) {
	s := serve(b, b.TempDir(), "")
	d := newDaemon(b, options(s, RoleDaemon))
	go func() {
		for mail := range d.Inbox() {
			mail.Reply(trial.Grant{Granted: true})
		}
	}()
	done := make(chan error, 1024)
	for i := range 16 {
		r := newRunner(b, s, fmt.Sprint("run", i))
		go func() {
			for {
				w, err := r.Pull(b.Context())
				if err != nil {
					return
				}
				if _, err = r.Announce(b.Context(), trial.Announce{Key: w.Assignment.Key(), Run: r.run}); err == nil {
					err = w.Ack()
				}
				done <- err
			}
		}()
	}
	n := 0
	b.ResetTimer()
	go func() {
		for i := range b.N {
			ok(b, d.Publish(b.Context(), dispatchtest.Assignment("s1", i, 1)))
		}
	}()
	for ; n < b.N; n++ {
		ok(b, <-done)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "trials/s")
}
