package dispatch

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"
)

// BenchmarkServe starts and stops the embedded server.
func BenchmarkServe(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		serve(b, dir, "").Shutdown()
	}
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
			for range senders {
				go func() {
					for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
						r := runners[i%4]
						ok(b, r.Send(b.Context(), dispatchtest.Report(r.run, key, i)))
					}
				}()
			}
			for range b.N {
				(<-d.Inbox()).Ack()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
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
