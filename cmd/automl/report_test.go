package main

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"automl/trial/view"
)

// Every figure of a report is held against the database, as a notebook reads it.
func TestReportAgreesWithTheDatabase(t *testing.T) {
	s := newSite(t, "nan=3", "budget: {trials: 14}\nfolds: 3\nconfirm: {top: 2, seeds: 1}\n")
	r := s.ok("run", s.sweep)
	if !strings.Contains(r.err, "report.html") {
		t.Errorf("run does not say where the report is:\n%s", r.err)
	}
	rep := decodeJSON[view.Report](t, s.ok("report", "e2e", "-o", "json").out)
	best := rep.Status.Best
	if best == nil || rep.Evidence == nil || rep.Evidence.Fresh == nil || rep.Evidence.RunnerUp == nil {
		t.Fatalf("%+v", rep)
	}
	var value float64
	var trials, run, pruned, failed int
	s.row("SELECT count(*), sum(state = 'PRUNED'), sum(state = 'FAIL') FROM trials_v", &trials, &pruned, &failed)
	s.row("SELECT count(*) FROM (SELECT DISTINCT trial, fold, epoch FROM curves_v WHERE fold < 3)", &run)
	s.row("SELECT value FROM trials_v WHERE number = "+strconv.Itoa(best.Trial), &value)
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("%s: the report has %v, the database %v", what, got, want)
		}
	}
	near("the winner", best.Value, value)
	near("trials", float64(len(rep.Trials)), float64(trials))
	near("failed", float64(rep.Status.Trials["fail"]), float64(failed))
	near("epochs", float64(rep.Cost.Run), float64(run))
	near("epochs in full", float64(rep.Cost.Full), float64(trials*12))
	for f, v := range append(rep.Evidence.Search.Folds, rep.Evidence.Fresh.Folds...) {
		var fold float64
		s.row("SELECT value FROM curves_v WHERE metric = 'acc' AND trial = "+strconv.Itoa(best.Trial)+" AND fold = "+strconv.Itoa(f)+" AND epoch = "+strconv.Itoa(best.Epoch), &fold)
		near("fold "+strconv.Itoa(f), v, fold)
	}
	stopped, saved := 0, 0
	for _, p := range rep.Pruned {
		stopped, saved = stopped+len(p.Trials), saved+p.Saved
		var low, high float64
		s.row("SELECT min(value), max(value) FROM decisions_v WHERE what = 'pruned' AND fold = "+strconv.Itoa(p.At.Fold)+" AND epoch = "+strconv.Itoa(p.At.Epoch)+
			" AND reason LIKE '"+p.Rule+"%'", &low, &high)
		near("the lowest value at "+p.At.String(), *p.Low, low)
		near("the highest value at "+p.At.String(), *p.High, high)
	}
	if stopped != pruned || pruned == 0 {
		t.Errorf("%d trials were stopped, the database has %d", stopped, pruned)
	}
	if len(rep.Failures) != 1 || rep.Failures[0].Failure != "nan" || rep.Failures[0].Trials != failed || failed != 1 {
		t.Errorf("%d failed, the report has %+v", failed, rep.Failures)
	}
	if rep.Importance == nil || rep.Importance.Parameters[0].Parameter != "lr" {
		t.Errorf("importance: %+v", rep.Importance)
	}
	near("seconds", rep.Cost.Seconds, float64(run+rep.Cost.Confirm)) // the trainer of the test says one an epoch

	// The pages say the same, and ask for nothing from elsewhere.
	path := filepath.Join(t.TempDir(), "page.html")
	s.ok("report", "e2e", path)
	html, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for form, page := range map[string]string{"html": string(html), "md": s.ok("report", "e2e", "-o", "md").out} {
		for _, want := range []string{"e2e", view.ParamsText(best.Params)[:8], numberText(&value), numberText(&rep.Evidence.Search.Value),
			numberText(&rep.Evidence.Fresh.Std), strconv.Itoa(saved), strconv.Itoa(run), "What broke"} {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %q in\n%s", form, want, page)
			}
		}
		for _, bad := range []string{"http:", "https:", "src=", "<script", "%!", "<nil>"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: %q is in the page", form, bad)
			}
		}
	}

	// It is the same while a daemon runs on the record.
	s.start(s.dir, "daemon")
	until(t, "the daemon", func() bool { _, err := readDaemonFile(s.dir); return err == nil })
	again := decodeJSON[view.Report](t, s.ok("report", "e2e", "-o", "json").out)
	if again.Cost != rep.Cost || len(again.Trials) != len(rep.Trials) || again.Status.Best.Value != value {
		t.Errorf("beside a daemon: %+v, without one %+v", again.Cost, rep.Cost)
	}
	if r := s.run("report", "e2e", "-o", "pdf"); r.code != exitUsage || !strings.Contains(r.err, "html, md, json, yaml") {
		t.Errorf("a form that there is not: exit %d, %s", r.code, r.err)
	}
	if r := s.run("report", "e2e", filepath.Join(path, "in", "a", "file.html")); r.code != exitFailed || strings.Contains(r.err, "goroutine") {
		t.Errorf("a file that cannot be written: exit %d, %s", r.code, r.err)
	}
}
