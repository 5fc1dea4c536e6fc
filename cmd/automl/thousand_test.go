package main

import (
	"fmt"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"automl/trial"
	"automl/trial/dispatch"
	"automl/web"
)

// TestThousandRunners connects a thousand runners at once, over TLS, each with a pull that waits, to a daemon that then is killed and
// comes back: they are all there again, in less than 300 MiB.
func TestThousandRunners(t *testing.T) {
	const n, most = 1000, 300 << 20
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil || limit.Max < 3*n {
		t.Skipf("%d open files are permitted here: too few", limit.Max)
	}
	s := newSite(t, "x", "")
	c := s.start(s.dir, "daemon", "--tls", "on")
	s.up()
	m, err := join(t.Context(), t.TempDir(), s.token(), "many")
	if err != nil {
		t.Fatal(err)
	}
	o, err := m.options()
	if err != nil {
		t.Fatal(err)
	}
	o.Log, o.Timeout = zerolog.Nop(), time.Minute
	runners := make([]*dispatch.Runner, n)
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			r, err := dispatch.NewRunner(t.Context(), fmt.Sprintf("%s-%d", m.Owner, i), o)
			if err != nil {
				t.Error(err)
				return
			}
			runners[i] = r
			go func() { _, _ = r.Pull(t.Context()) }() // until the test is over
		})
	}
	all.Wait()
	if t.Failed() {
		return
	}
	t.Cleanup(func() {
		for _, r := range runners {
			all.Go(r.Close)
		}
		all.Wait()
	})
	begun := time.Now()
	for round := range 2 {
		info := s.up()
		trust, err := trustFile(info.CA)
		if err != nil {
			t.Fatal(err)
		}
		api := web.NewClient(info.URL, info.Token, trust)
		until(t, "all runners", func() bool {
			for i, r := range runners {
				_ = r.Heartbeat(trial.RunnerInfo{Name: fmt.Sprint("r", i), Run: fmt.Sprintf("%s-%d", m.Owner, i), Slots: 1, Started: begun})
			}
			there, err := api.Runners(t.Context())
			return err == nil && len(there) == n
		})
		_ = api.Close()
		if used := int64(residentOf(t, strconv.Itoa(c.Process.Pid))) << 10; used > most {
			t.Errorf("round %d: the daemon holds %d MiB", round, used>>20)
		} else {
			t.Logf("round %d: %d runners after %v, the daemon holds %d MiB", round, n, time.Since(begun).Round(time.Millisecond), used>>20)
		}
		if round == 0 {
			_ = c.Process.Kill()
			_ = c.Wait()
			_ = removeDaemonFile(s.dir)
			c = s.start(s.dir, "daemon", "--tls", "on")
		}
	}
}
