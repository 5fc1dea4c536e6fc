package runner

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"automl/runner/gpu"
	"automl/runner/process/processtest"
	"automl/trial"
)

func TestThreeFolds(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	reports, exit := b.attempt(order(1, at(0, 0), at(2, 2), "train-careful"))
	want := []trial.Resource{at(0, 1), at(0, 2), at(0, 3), at(1, 1), at(1, 2), at(1, 3), at(2, 1), at(2, 2)}
	if got := epochs(reports); !slices.Equal(got, want) {
		t.Errorf("reported %v", got)
	}
	if exit.Failure != "" {
		t.Errorf("the exit is %+v", exit)
	}
	if acc, _ := reports[1].Metrics.Get("acc"); acc != 0.02 || reports[1].Cost <= 0 || reports[1].Trial != 7 || reports[1].Attempt != 1 {
		t.Errorf("a report is %+v", reports[1])
	}
	b.drained()
	if got := b.files("checkpoints"); !slices.Equal(got, []string{"s1/7/fold2-epoch1/epoch", "s1/7/fold2-epoch2/epoch"}) {
		t.Errorf("kept the checkpoints %v", got)
	}
	if got := append(b.files("spool"), b.files("scratch")...); len(got) != 0 {
		t.Errorf("left behind %v", got)
	}
	if info := receive(t, b.queue.left); info.Name != "box" || !info.Draining {
		t.Errorf("left as %+v", info)
	}
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(_ *Config, q *fakeQueue) { q.reply = verbAt(at(0, 2), trial.Pause) })
	if reports, exit := b.attempt(order(1, at(0, 0), at(0, 2), "train-careful")); exit.Failure != "" || len(reports) != 2 {
		t.Fatalf("paused with %+v after %v", exit, epochs(reports))
	}
	reports, exit := b.attempt(order(2, at(0, 2), at(1, 1), "train-careful"))
	if got := epochs(reports); exit.Failure != "" || !slices.Equal(got, []trial.Resource{at(0, 3), at(1, 1)}) {
		t.Errorf("resumed with %+v after %v", exit, got)
	}
	// The checkpoint of epoch 2 went with its fold: a trial that is sent back there starts the fold anew.
	reports, exit = b.attempt(order(3, at(0, 2), at(0, 3), "train-careful"))
	if got := epochs(reports); exit.Failure != "" || !slices.Equal(got, []trial.Resource{at(0, 1), at(0, 2)}) {
		t.Errorf("started anew with %+v after %v", exit, got)
	}
}

func TestPauseInTheMiddleEndsTheAttempt(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(_ *Config, q *fakeQueue) { q.reply = verbAt(at(0, 3), trial.Pause) })
	reports, exit := b.attempt(order(1, at(0, 0), at(2, 3), "train"))
	if exit.Failure != "" || len(reports) != 3 {
		t.Errorf("ended with %+v after %v", exit, epochs(reports))
	}
}

func TestStopRemovesCheckpoints(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(_ *Config, q *fakeQueue) { q.reply = verbAt(at(0, 2), trial.Stop) })
	reports, exit := b.attempt(order(1, at(0, 0), at(2, 3), "train"))
	b.drained()
	if exit.Failure != "" || len(reports) != 2 || len(b.files("checkpoints")) != 0 {
		t.Errorf("stopped with %+v after %v, left %v", exit, epochs(reports), b.files("checkpoints"))
	}
}

func TestStopWhilePaused(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(_ *Config, q *fakeQueue) { q.reply = verbAt(at(0, 1), trial.Pause) })
	b.attempt(order(1, at(0, 0), at(0, 1), "train"))
	for _, study := range []string{"../s1", "s2", ".."} {
		b.tell(trial.Outbound{Key: trial.Key{Study: study, Trial: 7}, Verb: trial.Stop})
	}
	b.tell(trial.Outbound{Key: trial.Key{Study: "s1", Trial: 8}, Verb: trial.Stop})
	b.tell(trial.Outbound{Key: trial.Key{Study: "s1", Trial: 7, Attempt: 1}, N: 2, Verb: trial.Stop}) // its exit came twice
	if got := b.files("checkpoints"); len(got) != 1 {
		t.Errorf("a stop of others left %v", got)
	}
	b.tell(trial.Outbound{Key: trial.Key{Study: "s1", Trial: 7, Attempt: 1}, Verb: trial.Stop})
	if got := b.files("checkpoints"); len(got) != 0 {
		t.Errorf("a stop left %v", got)
	}
}

func TestStopWhileTraining(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config, _ *fakeQueue) { c.Timings.Grace = 50 * time.Millisecond })
	a := order(1, at(0, 0), at(2, 3), "report=1", "ignore-term", "spawn", "hang")
	b.queue.work <- a
	grandchild := receive(t, b.queue.progress).Step
	b.queue.answers <- trial.Outbound{Key: a.Key(), Verb: trial.Stop, Reason: "the study was stopped"}
	if _, exit := b.finish(a.Key()); exit.Failure != "" {
		t.Errorf("the exit is %+v", exit)
	}
	processtest.AwaitDeath(t, grandchild)
}

func TestPauseUnaskedHoldsAtTheNextReport(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(_ *Config, q *fakeQueue) { q.reply = nil })
	a := order(1, at(0, 0), at(2, 3), "folds=abc", "train")
	b.queue.work <- a
	first := receive(t, b.queue.sent)
	if first.Folds == nil || first.Folds.Hash != "abc" || first.Folds.Rows != 10 {
		t.Errorf("the first message is %+v", first)
	}
	b.queue.answers <- trial.Outbound{Key: a.Key(), Verb: trial.Pause}
	b.queue.set(func() { b.queue.reply = receipt })
	for {
		if m := receive(t, b.queue.sent); m.Exit != nil {
			if m.N != 3 || m.Exit.Failure != "" {
				t.Errorf("the exit is message %d: %+v", m.N, m.Exit)
			}
			return
		}
	}
}

func TestFailures(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		steps []string
		want  trial.Failure
		words string
	}{
		{"crash", []string{"report=1", "stderr=boom", "exit=3"}, trial.Crash, "exit status 3\nboom"},
		{"early", []string{"report=1"}, trial.Protocol, "only up to epoch 1 of 3"},
		{"silent", nil, trial.Protocol, "reported nothing"},
		{"named", []string{"fail=oom", "exit=1"}, trial.OOM, "it said oom"},
	}
	b := newBench(t, nil)
	for i, tt := range tests {
		reports, exit := b.attempt(order(i+1, at(0, 0), at(2, 3), tt.steps...))
		if exit.Failure != tt.want || !strings.Contains(exit.Message, tt.words) || len(reports) > 1 {
			t.Errorf("%s: the exit is %+v after %v", tt.name, exit, epochs(reports))
		}
	}
	a := order(9, at(0, 0), at(0, 3))
	a.Trainer.Command = []string{"no-such-program"}
	if _, exit := b.attempt(a); exit.Failure != trial.Crash || !strings.Contains(exit.Message, "no-such-program") {
		t.Errorf("an unknown program ends as %+v", exit)
	}
	a.Attempt, a.Trainer.Type = 10, "external"
	if _, exit := b.attempt(a); exit.Failure != trial.Crash || !strings.Contains(exit.Message, "external") {
		t.Errorf("an unknown trainer ends as %+v", exit)
	}
}

func TestNaNIsRelayed(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	reports, exit := b.attempt(order(1, at(0, 0), at(0, 1), `raw={"report":{"fold":0,"epoch":1,"metrics":{"loss":NaN,"acc":1e999}}}`, "read"))
	if len(reports) != 1 || exit.Failure != "" {
		t.Fatalf("%v, %+v", reports, exit)
	}
	loss, _ := reports[0].Metrics.Get("loss")
	if acc, _ := reports[0].Metrics.Get("acc"); !math.IsNaN(loss) || !math.IsInf(acc, 1) {
		t.Errorf("relayed %+v", reports[0])
	}
}

func TestRefit(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	a := order(1, at(0, 0), at(2, 3), "train")
	a.Phase = trial.Refit
	reports, exit := b.attempt(a)
	model := filepath.Join(b.cfg.Dir, "artifacts/s1/trial7")
	if acc, _ := exit.Metrics.Get("test_acc"); len(reports) != 0 || exit.Failure != "" || exit.Artifact != model || acc != 0.5 {
		t.Errorf("the exit is %+v after %d reports", exit, len(reports))
	}
	a.Attempt = 2
	a.Trainer.Command = []string{"/bin/sh", "-c", `out=$(sed -n 's/.*"artifact_out": "\(.*\)".*/\1/p' "$AUTOML_ASSIGNMENT"); echo new > "$out/model"`}
	if _, exit = b.attempt(a); exit.Failure != "" || exit.Artifact != model {
		t.Errorf("a trainer without the protocol ends as %+v", exit)
	}
	if data, err := os.ReadFile(filepath.Join(model, "model")); string(data) != "new\n" {
		t.Errorf("the model is %q, %v", data, err)
	}
}

// The model of a trainer that only writes checkpoints is the last one, with what its last report measured.
func TestRefitKeepsTheLastCheckpoint(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	refit := func(attempt int, steps ...string) trial.Exit {
		a := order(attempt, at(0, 0), at(0, 3), steps...)
		a.Phase = trial.Refit
		_, exit := b.attempt(a)
		return exit
	}
	file := filepath.Join(b.cfg.Dir, "artifacts/s1/trial7/epoch")
	for n, steps := range [][]string{
		{"report=1", "checkpoint=1", "report=3", "checkpoint=3"},
		{"report=1", "checkpoint=1", "report=2", "checkpoint=2", "report=3"}, // not the last epoch's: there is none
	} {
		exit := refit(n+1, steps...)
		acc, _ := exit.Metrics.Get("acc")
		want := []string{"3", "2"}[n]
		if data, err := os.ReadFile(file); exit.Failure != "" || exit.Artifact != filepath.Dir(file) || acc != 0.03 || string(data) != want {
			t.Errorf("%v: the exit is %+v, the model %q (%v)", steps, exit, data, err)
		}
	}
	if exit := refit(3, "report=3"); exit.Failure != trial.Protocol || !strings.Contains(exit.Message, "left no model") || exit.Artifact != "" {
		t.Errorf("without a model: %+v", exit)
	}
	a := order(4, at(0, 0), at(0, 3))
	a.Phase, a.Trainer.Command = trial.Refit, []string{"/bin/sh", "-c", `echo shell >"$0/epoch"; echo 'automl: {"epoch": 3, "test_acc": 0.5}'`, "${checkpoint_out}"}
	_, exit := b.attempt(a)
	if data, _ := os.ReadFile(file); exit.Failure != "" || string(data) != "shell\n" || len(exit.Metrics) != 1 {
		t.Errorf("a script that only writes its checkpoint: %+v, %q", exit, data)
	}
}

func TestTwoSlotsHaveTheirOwnGPUs(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(c *Config, q *fakeQueue) {
		c.Slots, c.Threads, c.GPUs = 0, 6, []gpu.Device{{ID: "GPU-a"}, {ID: "GPU-b"}}
		q.reply = nil // so that both wait for the answer to their report
	})
	one, two := order(1, at(0, 0), at(0, 1), "env=CUDA_VISIBLE_DEVICES", "env=OMP_NUM_THREADS", "report=1"), trial.Assignment{}
	two = one
	two.Trial = 8
	b.queue.work <- one
	b.queue.work <- two
	waiting := map[trial.Key]bool{}
	for len(waiting) < 2 {
		if m := receive(t, b.queue.sent); m.Report != nil {
			waiting[m.Key] = true
		}
	}
	if got := b.runner.info(); got.Slots != 2 || !slices.Equal(got.Attempts, []trial.Key{one.Key(), two.Key()}) {
		t.Errorf("the runner tells of itself %+v", got)
	}
	b.queue.set(func() { b.queue.reply = receipt })
	b.queue.answers <- trial.Outbound{Key: one.Key(), N: 1}
	b.queue.answers <- trial.Outbound{Key: two.Key(), N: 1}
	b.drained()
	var printed []string
	for _, k := range []trial.Key{one.Key(), two.Key()} {
		data, err := os.ReadFile(LogPath(b.cfg.Dir, k))
		if err != nil || !strings.Contains(string(data), "OMP_NUM_THREADS=3;") {
			t.Errorf("printed %q, %v", data, err)
		}
		printed = append(printed, string(data))
	}
	if all := strings.Join(printed, ""); !strings.Contains(all, "DEVICES=GPU-a;") || !strings.Contains(all, "DEVICES=GPU-b;") {
		t.Errorf("printed %q", all)
	}
}
