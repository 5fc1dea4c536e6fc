package dispatchtest

import (
	"fmt"
	"math"
	"net"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"automl/trial"
)

// Next receives one value, or fails the test.
func Next[T any](t testing.TB, c <-chan T) T {
	t.Helper()
	select {
	case v, ok := <-c:
		if !ok {
			t.Fatal("the channel is closed")
		}
		return v
	case <-time.After(Patience):
		t.Fatal("nothing came")
	}
	panic("unreachable")
}

// Each test process has some ports of its own: packages are tested side by side, and one must not take what another has let go for a moment.
const (
	firstPort, ports, processes = 15000, 30, 500
)

var given atomic.Int64

// Address is a loopback address that nobody listens on, and none that was given lately. The system gives its port to no connection by itself,
// so that it stays free while a server that had it is away.
func Address(t testing.TB) string {
	t.Helper()
	for range ports {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+os.Getpid()%processes*ports+int(given.Add(1)%ports))
		if l, err := net.Listen("tcp", address); err == nil {
			OK(t, l.Close())
			return address
		}
	}
	t.Fatal("no port is free")
	panic("unreachable")
}

// OK fails the test on an error.
func OK(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Assignment is a piece of work to send.
func Assignment(study string, number, attempt int) trial.Assignment {
	return trial.Assignment{Study: study, Name: "a study", Trial: number, Attempt: attempt, Phase: trial.Search, Seed: math.MaxUint64,
		To: trial.Resource{Fold: 2, Epoch: 3}, Trainer: trial.TrainerSpec{Type: "command", Command: []string{"train", "<&>"}}}
}

// Report is a durable message to send.
func Report(run string, key trial.Key, n int64) trial.Inbound {
	return trial.Inbound{Key: key, Run: run, N: n, Report: &trial.Report{Trial: key.Trial, Attempt: key.Attempt, Fold: 1,
		Epoch: int(n), Metrics: trial.Metrics{{Name: "loss", Value: math.NaN()}, {Name: "up", Value: math.Inf(1)},
			{Name: "down", Value: math.Inf(-1)}, {Name: "tiny", Value: math.SmallestNonzeroFloat64}}, Cost: 1.5}}
}
