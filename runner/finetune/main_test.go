package finetune

import (
	"bufio"
	"compress/gzip"
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"

	"automl/runner/protocol"
	"automl/trial"
)

// few writes the header and some rows of the shipped digits to a plain CSV file.
func few(t *testing.T, from, rows int) string {
	t.Helper()
	f, err := os.Open(quickstart + "digits/digits.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	in := bufio.NewScanner(z)
	for line := 0; line <= from+rows && in.Scan(); line++ {
		if line == 0 || line > from {
			text.WriteString(in.Text() + "\n")
		}
	}
	file := filepath.Join(t.TempDir(), "rows.csv")
	if err := os.WriteFile(file, []byte(text.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// spec is a trainer section for 16x16 images of some digits.
func spec(train string) trial.TrainerSpec {
	return trial.TrainerSpec{Type: "builtin", Task: trial.ImageTask, Model: quickstart + "resnet8", Data: &trial.DataSpec{
		Train: train, Label: "label", Image: &trial.ImageSpec{Pixels: "p*", Height: 8, Width: 8, Max: 16, Size: 16},
	}}
}

// order is a work order for the first epochs of fold 0.
func order(train string, from, to int, params ...trial.Param) protocol.Work {
	return protocol.Work{
		Study: "s", Name: "digits", Trial: 3, Attempt: 1, Phase: trial.Search, Seed: 5, Threads: 1, Epochs: 3,
		Params:    append(trial.Params{{Name: "batch_size", Value: int64(16)}}, params...),
		Objective: trial.Objective{Metric: "val_accuracy", Goal: trial.Maximize},
		Folds:     trial.FoldPlan{K: 3, Split: trial.Stratified, Seed: 5},
		From:      trial.Resource{Epoch: from}, To: trial.Resource{Epoch: to}, Trainer: spec(train),
	}
}

var gradual = trial.Param{Name: "freeze.strategy", Value: "gradual"}

// metrics are those of each report, without what depends on the clock.
func metrics(reports []protocol.Report) (out []trial.Metrics) {
	for _, r := range reports {
		out = append(out, r.Metrics)
	}
	return out
}

func TestFoldReportsAndCheckpoints(t *testing.T) {
	train := few(t, 0, 60)
	var f fakeRunner
	if code := f.run(t, context.Background(), order(train, 0, 3, gradual, trial.Param{Name: "head_start", Value: "fresh"})); code != 0 {
		t.Fatalf("exit %d: %+v", code, f.failure())
	}
	if f.heard[0].Folds == nil || f.heard[0].Folds.N != 60 || len(f.heard[0].Folds.Hash) != 64 {
		t.Errorf("the first message is %+v, not the folds", f.heard[0])
	}
	reports := f.reports()
	if len(reports) != 3 || f.taken != 3 || f.lines != 9 {
		t.Fatalf("%d reports, %d checkpoints, %d lines of progress", len(reports), f.taken, f.lines)
	}
	for i, r := range reports {
		if r.Fold != 0 || r.Epoch != i+1 || r.Cost <= 0 || r.Last {
			t.Errorf("report %d: %+v", i, r)
		}
	}
	known := Metrics(spec(train))
	if len(reports[0].Metrics) != len(known) {
		t.Errorf("%d metrics, %d are announced", len(reports[0].Metrics), len(known))
	}
	for i, m := range known {
		if reports[0].Metrics[i].Name != m.Name {
			t.Errorf("metric %d is %s, not %s", i, reports[0].Metrics[i].Name, m.Name)
		}
	}
}

// A trial that is paused after an epoch and resumed in another process reports what an uninterrupted one does, to the bit.
// Two trials on one folder: the second runs no frozen block, and reports the same.
func TestTrialsShareTheCache(t *testing.T) {
	train, dir := few(t, 0, 60), t.TempDir()
	var runs [2]fakeRunner
	for i := range runs {
		w := order(train, 0, 2, trial.Param{Name: "freeze.strategy", Value: "head_only"})
		w.Cache = &protocol.Cache{Dir: dir, Bytes: 1 << 30}
		if code := runs[i].run(t, context.Background(), w); code != 0 {
			t.Fatal(code, runs[i].failure())
		}
	}
	first, second := runs[0].reports(), runs[1].reports()
	if !reflect.DeepEqual(metrics(first), metrics(second)) {
		t.Errorf("reported %v, then %v", metrics(first), metrics(second))
	}
	for i, want := range []struct {
		report protocol.Report
		misses int
	}{{first[0], 60}, {first[1], 0}, {second[0], 0}, {second[1], 0}} {
		if c := want.report.Cache; c == nil || c.Misses != want.misses || c.Hits != 60-want.misses || (c.Saved > 0) != (want.misses == 0) {
			t.Errorf("report %d: %+v", i, c)
		}
	}
}

func TestPauseAndResume(t *testing.T) {
	train := few(t, 0, 60)
	var whole, first, second fakeRunner
	if code := whole.run(t, context.Background(), order(train, 0, 3, gradual)); code != 0 {
		t.Fatalf("exit %d: %+v", code, whole.failure())
	}
	first.decide = func(protocol.Report) trial.Verb { return trial.Pause }
	if code := first.run(t, context.Background(), order(train, 0, 3, gradual)); code != 0 || len(first.reports()) != 1 || first.taken != 1 {
		t.Fatalf("exit %d, %d reports, %d checkpoints", code, len(first.reports()), first.taken)
	}
	work := order(train, 1, 3, gradual)
	work.CheckpointIn, work.Folds.Hash = first.kept, first.heard[0].Folds.Hash
	if code := second.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, second.failure())
	}
	got := metrics(append(first.reports(), second.reports()...))
	if want := metrics(whole.reports()); !reflect.DeepEqual(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

func TestStopLeavesNoCheckpoint(t *testing.T) {
	f := fakeRunner{decide: func(protocol.Report) trial.Verb { return trial.Stop }}
	if code := f.run(t, context.Background(), order(few(t, 0, 40), 0, 3)); code != 0 || len(f.reports()) != 1 || f.taken != 0 {
		t.Errorf("exit %d, %d reports, %d checkpoints", code, len(f.reports()), f.taken)
	}
}

func TestEarlyStoppingEndsTheFold(t *testing.T) {
	var f fakeRunner
	work := order(few(t, 0, 40), 0, 3, trial.Param{Name: "lr", Value: 1e-12}, trial.Param{Name: "early_stopping", Value: int64(1)})
	work.Params = append(work.Params, trial.Param{Name: "freeze.strategy", Value: "head_only"})
	code := f.run(t, context.Background(), work)
	if r := f.reports(); code != 0 || len(r) != 2 || !r[1].Last || r[0].Last {
		t.Errorf("exit %d, reports %+v", code, r)
	}
}

func TestFailuresSayWhy(t *testing.T) {
	train := few(t, 0, 40)
	for _, c := range []struct {
		name   string
		change func(*protocol.Work)
		kind   trial.Failure
		text   string
	}{
		{"folds", func(w *protocol.Work) { w.Folds.Hash = "0123" }, trial.Crash, "other folds"},
		{"task", func(w *protocol.Work) { w.Trainer.Task = "poetry" }, trial.Crash, "supported: image-classification"},
		{"data", func(w *protocol.Work) { w.Trainer.Data.Label = "lable" }, trial.Crash, `did you mean "label"`},
		{"parameter", func(w *protocol.Work) { w.Params = trial.Params{{Name: "lrr", Value: 1.0}} }, trial.Crash, "did you mean lr?"},
		{"objective", func(w *protocol.Work) { w.Objective.Metric = "val_acc" }, trial.Crash, "did you mean val_accuracy?"},
		{"no checkpoint", func(w *protocol.Work) { w.From.Epoch = 1 }, trial.Crash, "no checkpoint"},
		{"bad checkpoint", func(w *protocol.Work) { w.From.Epoch = 1; w.CheckpointIn = w.Scratch }, trial.Crash, "checkpoint"},
		{"memory", func(w *protocol.Work) { w.Memory = 8 << 20 }, trial.OOM, "one row at a time"},
		{"diverged", func(w *protocol.Work) {
			w.Params = trial.Params{{Name: "optimizer", Value: "sgd"}, {Name: "lr", Value: 1e30}, {Name: "batch_size", Value: int64(4)}}
		}, trial.NaN, "diverged"},
	} {
		work := order(train, 0, 3)
		work.Scratch = t.TempDir()
		c.change(&work)
		var f fakeRunner
		code := f.run(t, context.Background(), work)
		if got := f.failure(); code != 1 || got.Kind != c.kind || !strings.Contains(got.Message, c.text) {
			t.Errorf("%s: exit %d, failure %+v", c.name, code, got)
		}
	}
}

func TestRunnerGone(t *testing.T) {
	f := fakeRunner{hangUp: true}
	if code := f.run(t, context.Background(), order(few(t, 0, 40), 0, 3)); code != 1 {
		t.Errorf("exit %d", code)
	}
	t.Setenv(protocol.EnvAssignment, "")
	if code := Main(context.Background()); code != 1 {
		t.Errorf("without a runner: exit %d", code)
	}
}

func TestSignalStops(t *testing.T) {
	came := make(chan os.Signal, 1)
	signal.Notify(came, syscall.SIGTERM) // also when Main listens no more
	defer signal.Stop(came)
	terminate := func(r protocol.Report) {
		if r.Epoch > 1 { // Main was told, and may have ended: another one would be for who runs next
			return
		}
		if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-came
	}
	f := fakeRunner{decide: func(r protocol.Report) trial.Verb {
		terminate(r)
		return trial.Continue
	}}
	work := order(few(t, 0, 60), 0, 3)
	work.Epochs, work.To.Epoch = 1e6, 1e6 // it hears of the signal when it does, but long before this
	if code := f.run(t, context.Background(), work); code != 143 || len(f.reports()) == 0 {
		t.Errorf("exit %d after %d reports", code, len(f.reports()))
	}
	silent := fakeRunner{decide: func(r protocol.Report) trial.Verb {
		terminate(r)
		return "" // no answer: the trainer must not wait for one
	}}
	if code := silent.run(t, context.Background(), work); code != 143 || len(silent.reports()) != 1 {
		t.Errorf("exit %d after %d reports", code, len(silent.reports()))
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var quiet fakeRunner
	if code := quiet.run(t, ctx, order(few(t, 0, 60), 0, 3)); code != 143 || len(quiet.reports()) != 0 {
		t.Errorf("exit %d after %d reports", code, len(quiet.reports()))
	}
}

// A confirmation trains a fold of a fresh draw, with a fresh head.
func TestFreshFold(t *testing.T) {
	train := few(t, 0, 60)
	var search, confirm fakeRunner
	search.run(t, context.Background(), order(train, 0, 1))
	work := order(train, 0, 1)
	work.Phase, work.Fold, work.From.Fold, work.To.Fold = trial.Confirm, 3, 3, 3
	if code := confirm.run(t, context.Background(), work); code != 0 {
		t.Fatalf("exit %d: %+v", code, confirm.failure())
	}
	if reflect.DeepEqual(metrics(search.reports()), metrics(confirm.reports())) {
		t.Error("a fresh fold is as the first")
	}
	if search.heard[0].Folds.Hash != confirm.heard[0].Folds.Hash {
		t.Error("the hash is that of the first draw, whichever fold is trained")
	}
}
