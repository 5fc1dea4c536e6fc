package runner

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/rs/zerolog"

	"automl/runner/process/processtest"
	"automl/trial"
)

// runnerMark makes the test binary a runner, for tests that kill it.
const runnerMark = "runner-under-test"

// runnerScript is the variable that names a Python script to be its trainer, as a fork of a resident process.
const runnerScript = "RUNNER_UNDER_TEST_SCRIPT"

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == runnerMark {
		beRunner(os.Args[2])
		return
	}
	processtest.Main(m)
}

// beRunner runs one assignment whose trainer reports once, starts a grandchild in a session of its own, and hangs. It prints
// the process ids of both once the report has been sent: it is in the spool then.
func beRunner(dir string) {
	q := newFakeQueue()
	r, err := New(Config{Name: "box", Run: "run-0", Slots: 1, Dir: dir, Timings: Timings{Progress: 1, Decision: 1}, Log: zerolog.Nop()}, q)
	if err != nil {
		panic(err)
	}
	a := order(1, at(0, 0), at(0, 3), "report=1", "pid", "spawn-session", "hang")
	if script := os.Getenv(runnerScript); script != "" {
		a.Trainer.Command, a.Trainer.Resident = []string{"python3", script}, &trial.ResidentSpec{}
	}
	q.work <- a
	go func() {
		<-q.sent
		for p := range q.progress {
			fmt.Println(p.Step)
		}
	}()
	panic(r.Run(context.Background()))
}
