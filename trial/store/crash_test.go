package store_test

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/store"
	"automl/trial/store/storetest"
)

// crashDir makes the test binary a daemon that appends to this data directory until it is killed.
const crashDir = "AUTOML_STORE_CRASH_DIR"

const (
	crashStudies = 3
	crashBatch   = 7 // events a request
)

// appendUntilKilled prints "study seq" after each acknowledged request.
func appendUntilKilled(dir string) {
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	db, err := store.Open(ctx, dir)
	fail(err)
	for i := range crashStudies {
		err := db.CreateStudy(ctx, benchStudy(fmt.Sprint("s", i)))
		if trial.CodeOf(err) != trial.Conflict { // there since the last time
			fail(err)
		}
	}
	var wait sync.WaitGroup
	for i := range crashStudies {
		id := fmt.Sprint("s", i)
		events, err := db.Events(ctx, id, 0)
		fail(err)
		wait.Go(func() {
			for seq := int64(len(events)); ; seq += crashBatch {
				fail(db.Append(ctx, id, eventsAfter(seq, crashBatch)))
				_, err := fmt.Fprintln(os.Stdout, i, seq+crashBatch)
				fail(err)
			}
		})
	}
	wait.Wait()
}

// TestKill9 kills a daemon at random points, again and again on the same directory: whatever was acknowledged is there, no
// request is there in part, and the trials' rows agree with the record.
func TestKill9(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var acked [crashStudies]int64
	for round := range 15 {
		killOnce(t, dir, &acked)
		if round%2 == 0 {
			db, err := store.OpenReadOnly(t.Context(), dir)
			check(t, err)
			intact(t, db, acked)
			check(t, db.Close())
		}
		db, err := store.Open(t.Context(), dir)
		check(t, err)
		intact(t, db, acked)
		check(t, db.Close())
	}
	t.Logf("acknowledged in the end: %v", acked)
}

// killOnce runs a daemon, kills it and notes what it acknowledged.
func killOnce(t *testing.T, dir string, acked *[crashStudies]int64) {
	t.Helper()
	exe, err := os.Executable()
	check(t, err)
	child := exec.Command(exe)
	child.Env = append(os.Environ(), crashDir+"="+dir)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	check(t, err)
	check(t, child.Start())
	acks := bufio.NewScanner(out)
	for last := rand.IntN(50); acks.Scan(); last-- {
		var study int
		var seq int64
		if _, err := fmt.Sscan(acks.Text(), &study, &seq); err == nil { // the last line may be cut off
			acked[study] = seq
		}
		if last == 0 {
			time.AfterFunc(time.Duration(rand.IntN(3000))*time.Microsecond, func() { _ = child.Process.Kill() })
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 {
		t.Fatalf("the daemon ended by itself: %v", err)
	}
}

func intact(t *testing.T, db *store.DB, acked [crashStudies]int64) {
	t.Helper()
	sound(t, db)
	for i, least := range acked {
		events, err := db.Events(t.Context(), fmt.Sprint("s", i), 0)
		check(t, err)
		n := int64(len(events))
		if n < least || n%crashBatch != 0 {
			t.Errorf("study %d has %d events, %d were acknowledged in requests of %d", i, n, least, crashBatch)
		}
		if d := storetest.Diff(eventsAfter(0, len(events)), events); d != "" {
			t.Errorf("study %d (-want +got):\n%s", i, d)
		}
	}
}
