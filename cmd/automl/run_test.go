package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/configs"
	"automl/runner/finetune/data"
	"automl/runner/finetune/model"
	"automl/runner/finetune/tokenizer"
	"automl/runner/finetune/train"
	"automl/schedulers"
	"automl/trial"
	"automl/trial/view"
)

// quick is a small sweep of the built-in trainer on the shipped weights and data.
const quick = `name: e2e
objective: {metric: val_accuracy, goal: maximize}
parameters:
  lr: {type: float, low: 1e-3, high: 2e-2, log: true}
  freeze: {type: freeze, strategies: [full, lp_ft, partial]}
  batch_size: {type: ordinal, choices: [32, 64]}
folds: {k: 2, split: stratified}
epochs: {max: 3, grace: 1}
scheduler: {type: hyperband, eta: 3}
budget: {trials: 6}
confirm: {top: 1, seeds: 1}
workers: 2
trainer:
  type: builtin
  task: image-classification
  model: MODEL
  data: {train: DATA, label: label, image: {pixels: "p*", height: 8, width: 8, max: 16, size: 8}}
seed: 1
`

// The main job on real weights and real data: what it prints, what the database says, and the saved model agree.
func TestRunFineTunesForReal(t *testing.T) {
	s := newSite(t, "", "")
	shipped, err := filepath.Abs("../../configs/quickstart")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.NewReplacer("MODEL", filepath.Join(shipped, "resnet8"), "DATA", filepath.Join(shipped, "digits/digits.csv.gz")).Replace(quick)
	if err := os.WriteFile(s.sweep, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := s.ok("run", s.sweep)
	if !strings.Contains(r.out, "Best of 6 trials") || !strings.Contains(r.out, "freeze schedule") {
		t.Errorf("printed:\n%s", r.out)
	}
	best := decodeJSON[view.Best](t, s.ok("best", "-o", "json").out)
	st, _ := s.state()
	winner := st.Trial(best.Trial)
	checkBest(t, s, best)
	if len(best.Folds) != 4 || winner.Extra != 6 {
		t.Errorf("the winner has %d folds: it was not confirmed", len(best.Folds))
	}
	net, err := model.Load(best.Artifact)
	if err != nil {
		t.Fatalf("the saved model: %v", err)
	}
	if blocks := net.Blocks(); blocks[len(blocks)-1] != "head" {
		t.Errorf("blocks %v", blocks)
	}
	if st.EpochsRun() >= st.EpochsFull() {
		t.Errorf("nothing was pruned: %d of %d epochs", st.EpochsRun(), st.EpochsFull())
	}
	for _, tr := range st.Trials {
		if tr.Status == trial.Fail {
			t.Errorf("trial %d failed: %s", tr.Number, tr.Reason)
		}
	}
}

// A table and a network trained from scratch: the ready sweep, shortened.
func TestRunLearnsATable(t *testing.T) {
	s := newSite(t, "", "")
	shipped, err := filepath.Abs("../../configs")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(shipped, "tabular.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	short := strings.NewReplacer("name: tabular", "name: e2e", "tabular/", shipped+"/tabular/", "k: 5", "k: 3", "max: 20", "max: 6", "trials: 40", "trials: 12").Replace(string(text))
	if err := os.WriteFile(s.sweep, []byte(short), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("run", s.sweep)
	best := decodeJSON[view.Best](t, s.ok("best", "-o", "json").out)
	if checkBest(t, s, best); best.Value < 0.9 { // what always names one class has 0.5
		t.Errorf("the best reaches %v", best.Value)
	}
	if net, err := model.Load(best.Artifact); err != nil || net.Type() != model.MLPType {
		t.Errorf("the saved model: %v", err)
	}
	if st, _ := s.state(); len(st.Trials) != 12 || st.EpochsRun() >= st.EpochsFull() {
		t.Errorf("%d trials, %d of %d epochs", len(st.Trials), st.EpochsRun(), st.EpochsFull())
	}
	bad := strings.Replace(short, "  lr:", "  freeze: {type: freeze}\n  lr:", 1)
	if err := os.WriteFile(s.sweep, []byte(bad), 0o600); err != nil {
		t.Fatal(err)
	}
	if r := s.run("plan", s.sweep); r.code != 2 || !strings.Contains(r.err, ":9:11: parameters.freeze: an mlp is trained from scratch") {
		t.Errorf("exit %d: %s", r.code, r.err)
	}
}

// A language model on texts of a kind it has not seen: the ready sweep, shortened. The refitted winner predicts them better than the
// pretrained network does.
func TestRunAdaptsALanguageModel(t *testing.T) {
	s := newSite(t, "", "")
	shipped, err := filepath.Abs("../../configs")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(shipped, "generation.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	short := strings.NewReplacer("name: generation", "name: e2e", "generation/", shipped+"/generation/", "k: 3", "k: 2", "max: 6, grace: 2", "max: 2, grace: 1",
		"trials: 16", "trials: 4", "low: 1e-4, high: 1e-2", "low: 1e-3, high: 1e-2").Replace(string(text))
	if err := os.WriteFile(s.sweep, []byte(short), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("run", s.sweep)
	best := decodeJSON[view.Best](t, s.ok("best", "-o", "json").out)
	checkBest(t, s, best)
	if st, _ := s.state(); len(st.Trials) != 4 {
		t.Errorf("%d trials", len(st.Trials))
	}
	sweep, err := configs.Load(s.sweep)
	if err != nil {
		t.Fatal(err)
	}
	before, after := perplexity(t, sweep.Trainer.Model, *sweep.Trainer.Data), perplexity(t, best.Artifact, *sweep.Trainer.Data)
	t.Logf("perplexity of the test file: pretrained %.2f, refitted %.2f; in validation %.2f", before, after, best.Value)
	if !(after < 0.85*before && math.Abs(math.Log(after/best.Value)) < 0.3) {
		t.Errorf("perplexity of the test file %v, of the pretrained network %v, in validation %v", after, before, best.Value)
	}
	var metrics struct {
		Metrics trial.Metrics `json:"metrics"`
	}
	raw, err := os.ReadFile(filepath.Join(best.Artifact, "metrics.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &metrics); err != nil {
		t.Fatal(err)
	}
	said, _ := metrics.Metrics.Get("test_perplexity")
	loss, _ := metrics.Metrics.Get("test_loss")
	if math.Abs(said-after) > 1e-9*after || math.Abs(math.Exp(loss)-after) > 1e-9*after {
		t.Errorf("the trainer has measured a perplexity of %v and a loss of %v, the model read back %v", said, loss, after)
	}
}

// perplexity is that of a folder's language model on the test file.
func perplexity(t *testing.T, folder string, spec trial.DataSpec) float64 {
	t.Helper()
	net, err := model.LoadLanguageModel(folder)
	if err != nil {
		t.Fatal(err)
	}
	cut, err := tokenizer.Load(folder)
	if err != nil {
		t.Fatal(err)
	}
	table, err := data.ReadTest(trial.GenerationTask, spec, &data.Table{})
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := table.Blocks(cut, net.MaxTokens())
	if err != nil {
		t.Fatal(err)
	}
	e, err := train.Evaluate(context.Background(), net, blocks, train.Next(blocks))
	if err != nil {
		t.Fatal(err)
	}
	p, _ := e.Metrics("").Get("perplexity")
	return p
}

// checkBest holds what best says against the views that notebooks read.
func checkBest(t *testing.T, s *site, best view.Best) {
	t.Helper()
	var value, std float64
	var params, state string
	s.row("SELECT value, std, params, state FROM trials_v WHERE number = "+trial.FormatValue(best.Trial), &value, &std, &params, &state)
	if value != best.Value || std != best.Std || state != "COMPLETE" {
		t.Errorf("best says %v ± %v, the database %v ± %v (%s)", best.Value, best.Std, value, std, state)
	}
	var p trial.Params
	if err := json.Unmarshal([]byte(params), &p); err != nil || !p.Equal(best.Params) {
		t.Errorf("parameters: %s", cmp.Diff(p, best.Params))
	}
	sum := 0.0
	for _, f := range best.Folds {
		sum += f.Value / float64(len(best.Folds))
	}
	if math.Abs(sum-best.Value) > 1e-12 {
		t.Errorf("the folds' mean is %v, the value %v", sum, best.Value)
	}
}

func TestSameSeedSameStudy(t *testing.T) {
	more := "budget: {trials: 9}\nworkers: 1\nfolds: 2\n"
	a, b := newSite(t, "x", more), newSite(t, "x", more)
	a.ok("run", a.sweep)
	b.ok("run", b.sweep)
	x, _ := a.state()
	y, _ := b.state()
	for i, tr := range x.Trials {
		other := y.Trials[i]
		if !tr.Params.Equal(other.Params) || tr.Status != other.Status || tr.Reason != other.Reason {
			t.Errorf("trial %d: %v %s %q, then %v %s %q", i, tr.Params, tr.Status, tr.Reason, other.Params, other.Status, other.Reason)
		}
	}
}

func TestRunAgainShowsTheResult(t *testing.T) {
	s := newSite(t, "x", "budget: {trials: 4}\n")
	first := s.ok("run", s.sweep)
	_, before := s.state()
	again := s.ok("run", s.sweep)
	_, after := s.state()
	if first.out != again.out || len(before) != len(after) {
		t.Errorf("%d events became %d\n%s", len(before), len(after), cmp.Diff(first.out, again.out))
	}
	text, _ := os.ReadFile(s.sweep)
	os.WriteFile(s.sweep, []byte(strings.Replace(string(text), "seed: 3", "seed: 4", 1)), 0o600)
	if r := s.run("run", s.sweep); r.code != 1 || !strings.Contains(r.err, "exists with another sweep document") {
		t.Errorf("a changed document: exit %d\n%s", r.code, r.err)
	}
}

func TestNaNFailsItsTrialOnly(t *testing.T) {
	s := newSite(t, "nan=1", "budget: {trials: 6}\n")
	s.ok("run", s.sweep)
	st, _ := s.state()
	if tr := st.Trial(1); tr.Status != trial.Fail || tr.Failure != trial.NaN || tr.Attempts != 1 || !strings.Contains(tr.Reason, "acc is NaN") {
		t.Errorf("%s %s after %d attempts: %s", tr.Status, tr.Failure, tr.Attempts, tr.Reason)
	}
	if r := s.ok("explain", "e2e", "1"); !strings.Contains(r.out, "acc is NaN at fold 0 epoch 2") {
		t.Errorf("explain:\n%s", r.out)
	}
}

// A network that is too large for the memory of a trial is said to be, before it takes that memory or by the kernel.
func TestOutOfMemoryFailsItsTrialOnly(t *testing.T) {
	s := newSite(t, "", "")
	data, err := filepath.Abs("../../configs/tabular/breast_cancer.csv.gz")
	if err != nil {
		t.Fatal(err)
	}
	sweep := fmt.Sprintf(`name: e2e
objective: {metric: val_accuracy, goal: maximize}
parameters:
  hidden: {type: categorical, choices: [8, 8192]}
  layers: 2
candidates: [{hidden: 8, layers: 2}, {hidden: 8192, layers: 2}]
folds: 2
epochs: 2
scheduler: fifo
budget: {trials: 2}
resources: {memory: 220MiB}
trainer: {type: builtin, task: tabular-classification, model: mlp, data: {train: %q, label: target}}
`, data)
	if err := os.WriteFile(s.sweep, []byte(sweep), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("run", s.sweep)
	st, _ := s.state()
	for _, tr := range st.Trials {
		large := tr.Params.Int("hidden", 0) == 8192
		switch {
		case !large && tr.Status != trial.Complete:
			t.Errorf("the small network is %s: %s", tr.Status, tr.Reason)
		case large && (tr.Status != trial.Fail || tr.Failure != trial.OOM || !strings.Contains(tr.Reason, "memory")):
			t.Errorf("the large network is %s %s: %s", tr.Status, tr.Failure, tr.Reason)
		case large:
			t.Log(tr.Reason)
		}
	}
}

func TestEveryTrialCrashes(t *testing.T) {
	s := newSite(t, "crash=all", "budget: {trials: 2}\nepochs: 4\n")
	r := s.run("run", s.sweep)
	if r.code != exitNoTrial {
		t.Fatalf("exit %d\n%s", r.code, r.err)
	}
	st, _ := s.state()
	for _, tr := range st.Trials {
		if tr.Status != trial.Fail || tr.Attempts != trial.MaxFailures || !strings.Contains(tr.Reason, "Segmentation fault, or so") {
			t.Errorf("trial %d is %s after %d attempts: %s", tr.Number, tr.Status, tr.Attempts, tr.Reason)
		}
	}
	if out := s.ok("logs", "e2e", "0").out; strings.Count(out, "Segmentation fault, or so") != trial.MaxFailures {
		t.Errorf("logs:\n%s", out)
	}
	if r := s.run("best"); r.code != exitNoTrial {
		t.Errorf("best of nothing: exit %d", r.code)
	}
	if strings.Contains(r.err, `"level":"warn"`) {
		t.Errorf("what failed is said twice:\n%s", r.err)
	}
	r = s.run("run", s.sweep) // the script may be mended by now, but this study is over
	if r.code != exitNoTrial || !strings.Contains(r.err, "is over") || !strings.Contains(r.err, "automl delete e2e") || strings.Contains(r.err, "is tried again") {
		t.Errorf("the same again: exit %d\n%s", r.code, r.err)
	}
	s.ok("delete", "e2e") // no daemon runs
	if r := s.run("run", s.sweep); r.code != exitNoTrial || !strings.Contains(r.err, "is tried again") {
		t.Errorf("anew: exit %d\n%s", r.code, r.err)
	}
}

func TestExplainEveryPrunedTrial(t *testing.T) {
	s := newSite(t, "x", "budget: {trials: 12}\nfolds: 3\n")
	s.ok("run", s.sweep)
	st, events := s.state()
	pruned := 0
	for _, e := range events {
		d := e.Decision
		if d == nil || d.What != trial.Pruned {
			continue
		}
		pruned++
		if d.Value == nil || d.Threshold == nil || d.At == (trial.Resource{}) || !strings.Contains(d.Reason, "rung") && !strings.HasPrefix(d.Reason, schedulers.RaceName) {
			t.Errorf("trial %d was pruned with %+v", d.Trial, d)
		}
		if out := s.ok("explain", "e2e", trial.FormatValue(d.Trial)).out; !strings.Contains(out, d.Reason) {
			t.Errorf("explain does not say %q:\n%s", d.Reason, out)
		}
	}
	if pruned < 6 {
		t.Errorf("%d of %d trials were pruned", pruned, len(st.Trials))
	}
}

func TestReadingCommands(t *testing.T) {
	s := newSite(t, "x", "budget: {trials: 4}\n")
	if r := s.run("status"); r.code != exitFailed || !strings.Contains(r.err, "no study") {
		t.Errorf("status of nothing: exit %d, %s", r.code, r.err)
	}
	plan := s.ok("plan", s.sweep).out
	if !strings.Contains(plan, "bracket") || !strings.Contains(plan, "epochs in all") {
		t.Errorf("plan:\n%s", plan)
	}
	if _, err := os.Stat(s.dir); err == nil {
		t.Error("plan made the data directory")
	}
	s.ok("run", s.sweep)
	st := decodeJSON[view.Status](t, s.ok("status", "-o", "json").out)
	if st.State != "DONE" || st.Trials["complete"] < 1 || st.Epochs.Run < 1 || st.Epochs.Full != 16 || st.Best == nil {
		t.Errorf("%+v", st)
	}
	if all := decodeJSON[[]view.Trial](t, s.ok("describe", "-o", "json").out); len(all) != 4 {
		t.Errorf("%d trials described", len(all))
	}
	one := decodeJSON[view.Trial](t, s.ok("describe", "e2e", "0", "-o", "json").out)
	if len(one.Curves) == 0 || len(one.Curves[0].Values) == 0 {
		t.Errorf("%+v", one)
	}
	for _, args := range [][]string{{"list"}, {"describe"}, {"status"}, {"best"}, {"explain", "e2e", "0"}, {"version"}, {"list", "-o", "csv"},
		{"describe", "-o", "csv"}, {"best", "-o", "yaml"}, {"doctor"}} {
		if r := s.ok(args...); len(r.out) < 5 {
			t.Errorf("automl %v printed %q", args, r.out)
		}
	}
	if schema := decodeJSON[map[string]any](t, s.ok("schema").out); schema["properties"] == nil && schema["$defs"] == nil {
		t.Errorf("schema: %v", schema)
	}
	for _, args := range [][]string{{"describe", "nobody"}, {"explain", "e2e", "99"}} {
		if r := s.run(args...); r.code != exitFailed || strings.Contains(r.err, "goroutine") {
			t.Errorf("automl %v: exit %d\n%s", args, r.code, r.err)
		}
	}
	for _, args := range [][]string{{"nonsense"}, {"run"}, {"list", "-o", "xml"}, {"explain", "e2e", "x"}, {"list", "--nope"}} {
		if r := s.run(args...); r.code != exitUsage {
			t.Errorf("automl %v: exit %d\n%s", args, r.code, r.err)
		}
	}
	if r := s.run("pause", "e2e"); r.code != exitNoDaemon {
		t.Errorf("pause without a daemon: exit %d\n%s", r.code, r.err)
	}
}

func TestBadSweepStartsNothing(t *testing.T) {
	shipped, _ := filepath.Abs("../../configs/quickstart")
	good := strings.NewReplacer("MODEL", filepath.Join(shipped, "resnet8"), "DATA", filepath.Join(shipped, "digits/digits.csv.gz")).Replace(quick)
	for _, c := range []struct{ old, new, want string }{
		{"objective:", "objectiv:", `:2:1`},
		{"low: 1e-3", "low: -1", "parameters.lr"},
		{"high: 2e-2", "high: 1e-4", "parameters.lr"},
		{"batch_size: {type: ordinal, choices: [32, 64]}", "batch_size: {type: ordinal, choices: 32}", ":6:"},
		{"choices: [32, 64]", "choices: [0, 64]", "sweep.yaml:6:15: parameters.batch_size: 0 is not allowed\n  hint: a whole number from 1 up"},
		{"label: label", "label: lable", "lable"},
		{"digits.csv.gz", "nothing.csv", "nothing.csv"},
		{"metric: val_accuracy", "metric: val_acuracy", "sweep.yaml:2:21: objective.metric: task image-classification has no metric \"val_acuracy\"\n  hint: did you mean val_accuracy?"},
		{"goal: maximize", "goal: minimize", "sweep.yaml:2:41: objective.goal: val_accuracy is not to be minimized\n  hint: goal: maximize"},
		{"lr:", "learning_speed:", "learning_speed"},
		{"task: image-classification", "task: image-clasification", "image-clasification"},
		{"height: 8", "height: 9", "pixel"},
	} {
		s := newSite(t, "", "")
		if !strings.Contains(good, c.old) {
			t.Fatalf("%q is not in the sweep", c.old)
		}
		os.WriteFile(s.sweep, []byte(strings.Replace(good, c.old, c.new, 1)), 0o600)
		r := s.run("run", s.sweep)
		if r.code != exitUsage || !strings.Contains(r.err, c.want) || !strings.Contains(r.err, "sweep.yaml:") {
			t.Errorf("%s: exit %d\n%s", c.new, r.code, r.err)
		}
		if _, err := os.Stat(s.dir); err == nil {
			t.Errorf("%s: something was started", c.new)
		}
	}
}

func TestUnreadableRowNamesItsLine(t *testing.T) {
	s := newSite(t, "", "")
	data := filepath.Join(t.TempDir(), "rows.csv")
	rows := "p0,p1,p2,p3,label\n"
	for i := range 20 {
		rows += []string{"1,2,3,4,a\n", "4,3,2,1,b\n"}[i%2]
	}
	os.WriteFile(data, []byte(rows+"1,2,x,4,a\n"), 0o600)
	shipped, _ := filepath.Abs("../../configs/quickstart")
	text := strings.NewReplacer("MODEL", filepath.Join(shipped, "resnet8"), "DATA", data, "height: 8, width: 8", "height: 2, width: 2").Replace(quick)
	os.WriteFile(s.sweep, []byte(text), 0o600)
	r := s.run("run", s.sweep)
	if r.code != exitUsage || !strings.Contains(r.err, "rows.csv:22") || !strings.Contains(r.err, "p2") {
		t.Errorf("exit %d\n%s", r.code, r.err)
	}
}

// The log of local runners does not grow for ever, and what came before is still there.
func TestRunnerLogIsPutAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "runner.log")
	for _, c := range []struct {
		before, now, aside int64
	}{{0, 0, -1}, {runnerLogKept, runnerLogKept, -1}, {runnerLogKept + 1, 0, runnerLogKept + 1}, {runnerLogKept + 2, 0, runnerLogKept + 2}} {
		if err := os.WriteFile(path, make([]byte, c.before), 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := openRunnerLog(path)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		for name, want := range map[string]int64{path: c.now, path + ".1": c.aside} {
			got := int64(-1)
			if info, err := os.Stat(name); err == nil {
				got = info.Size()
			}
			if got != want {
				t.Errorf("of %d bytes: %s has %d, want %d", c.before, filepath.Base(name), got, want)
			}
		}
	}
}

// A study that somebody paused trains nothing, however often it is started: that is said at once.
func TestGreetingOfAPausedStudy(t *testing.T) {
	var said strings.Builder
	a := &app{err: &said, dataDir: "d"}
	s := trial.NewState(trial.Study{Name: "night", ID: "s1", Shape: trial.Shape{Folds: 3, Epochs: 5}, Objective: trial.Objective{Metric: "acc", Goal: trial.Maximize}})
	if a.greet(s, false); !strings.HasPrefix(said.String(), "continuing study night") || strings.Contains(said.String(), "resume") {
		t.Errorf("a study that runs:\n%s", said.String())
	}
	s.Status, s.Reason = trial.StudyPaused, "paused by the user"
	if a.greet(s, false); !strings.Contains(said.String(), "it is PAUSED (paused by the user), and trains nothing until automl resume night") {
		t.Errorf("one that is paused:\n%s", said.String())
	}
}

// A program that is not there is found out about before anything starts.
func TestProgramOfTheTrainerIsThere(t *testing.T) {
	for _, name := range []string{"nosuchprogram", "./nosuchprogram"} {
		s := newSite(t, "", "")
		self, err := os.Executable()
		if err != nil {
			t.Fatal(err)
		}
		s.rewrite(fmt.Sprintf("command: [%q]", self), fmt.Sprintf("command: [%q]", name))
		r := s.run("run", s.sweep)
		if r.code != exitUsage || !strings.Contains(r.err, "sweep.yaml:7:") || !strings.Contains(r.err, "trainer.command[0]: the trainer's program cannot be started") {
			t.Errorf("%s: exit %d\n%s", name, r.code, r.err)
		}
		if _, err := os.Stat(s.dir); err == nil {
			t.Errorf("%s: a data directory was made", name)
		}
	}
}
