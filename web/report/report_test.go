package report

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/view"
)

var made = time.Date(2026, 2, 3, 4, 0, 0, 0, time.UTC)

// study is a record of n trials of two folds of three epochs, of which every third is stopped after the first fold. Names and messages
// are as bad as a user can make them.
func study(t *testing.T, n int) view.Report {
	t.Helper()
	s := trial.NewState(trial.Study{ID: "k3f9", Name: `<b>"demo" & more</b>`, Seed: 1, Shape: trial.Shape{Folds: 2, Epochs: 3},
		Objective: trial.Objective{Metric: "acc|<i>", Goal: trial.Maximize}, Created: made})
	var events []trial.Event
	apply := func(e trial.Event) {
		e.Seq, e.Time = s.Seq+1, made.Add(time.Minute)
		if err := s.Apply(e); err != nil {
			t.Fatal(err)
		}
		events = append(events, e)
	}
	decide := func(d trial.Decision) { apply(trial.Event{Decision: &d}) }
	for i := range n {
		p := trial.Params{{Name: "lr", Value: math.Pow(10, -5+4*float64(i)/float64(n))},
			{Name: "freeze.strategy", Value: string(trial.Strategies[i%len(trial.Strategies)])}, {Name: "word", Value: "<u>"}}
		decide(trial.Decision{Trial: i, What: trial.Sampled, Params: p, Origin: trial.FromSampler})
		decide(trial.Decision{Trial: i, What: trial.Assigned, Attempt: 1, Phase: trial.Search, To: s.Study.Shape.Full()})
		decide(trial.Decision{Trial: i, What: trial.Started, Attempt: 1, Runner: "box", Run: "r1"})
		if i == n-1 {
			decide(trial.Decision{Trial: i, What: trial.Failed, Attempt: 1, Failure: trial.Crash, Reason: "<script>alert(1)</script>\nsecond line"})
			break
		}
		for f := range 2 {
			for e := 1; e <= 3; e++ {
				v := 0.5 + 0.4*float64(i)/float64(n) + 0.02*float64(e)
				apply(trial.Event{Report: &trial.Report{Trial: i, Attempt: 1, Fold: f, Epoch: e, Cost: 2, Metrics: trial.Metrics{{Name: "acc|<i>", Value: v}},
					Confusion: trial.NewConfusion([][]int{{9, 1}, {2, 8}}, []string{"<cat>", "dog"})}})
			}
			if i%3 == 1 && f == 0 {
				v, bar := 0.5, 0.75
				decide(trial.Decision{Trial: i, What: trial.Pruned, Attempt: 1, At: s.Trial(i).Done, Value: &v, Threshold: &bar, Reason: "fold race after fold 0: weak"})
				break
			}
		}
		if i%3 != 1 {
			decide(trial.Decision{Trial: i, What: trial.Completed, Attempt: 1, Reason: "trained in full"})
		}
	}
	importance := &trial.Importances{Trials: n, Predicts: 0.9, Parameters: []trial.Importance{{Parameter: "lr", Main: 0.7, Total: 0.8}}}
	return view.ReportOf(s, events, view.StatusOf(s, nil, view.Known{}, made), 0, importance, made.Add(time.Hour))
}

func write(t *testing.T, f func(io.Writer, view.Report) error, r view.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := f(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// TestPagesOfAnyStudy: from nothing at all to ten thousand trials, each picture is well-formed and no text of a user is markup.
func TestPagesOfAnyStudy(t *testing.T) {
	for _, n := range []int{0, 1, 2, 4, 40, 5_000} {
		r := study(t, n)
		page := write(t, HTML, r)
		for _, bad := range []string{"<b>\"demo", "<script", "acc|<i>", "<u>", "<cat>", "%!", "NaN", "Inf", "http:", "https:"} {
			if strings.Contains(page, bad) {
				t.Errorf("%d trials: %q is in the page", n, bad)
			}
		}
		pictures := regexp.MustCompile(`(?s)<svg .*?</svg>`).FindAllString(page, -1)
		if want := map[int]int{0: 1, 1: 1, 2: 5}[min(n, 2)]; n != 2 && len(pictures) < min(want, 4) {
			t.Errorf("%d trials: %d pictures", n, len(pictures))
		}
		for _, p := range pictures {
			for d := xml.NewDecoder(strings.NewReader(p)); ; {
				if _, err := d.Token(); errors.Is(err, io.EOF) {
					break
				} else if err != nil {
					t.Fatalf("%d trials: %v in %.300s", n, err, p)
				}
			}
		}
		if len(page) > 4<<20 {
			t.Errorf("%d trials: the page has %d bytes", n, len(page))
		}
		text := write(t, Markdown, r)
		for _, line := range strings.Split(text, "\n") {
			if strings.HasPrefix(line, "|") && !strings.HasSuffix(line, "|") {
				t.Errorf("%d trials: a row that does not end: %q", n, line)
			}
		}
		if strings.Contains(text, "\n\n\n\n") || strings.Contains(text, "%!") {
			t.Errorf("%d trials:\n%.2000s", n, text)
		}
	}
}

// TestPageSaysWhatTheReportSays compares the figures of the page with those of the report.
func TestPageSaysWhatTheReportSays(t *testing.T) {
	r := study(t, 40)
	page, text := write(t, HTML, r), write(t, Markdown, r)
	if len(r.Pruned) != 1 || len(r.Pruned[0].Trials) != 13 || r.Pruned[0].Saved != 13*3 || r.Pruned[0].Rule != "fold race" || *r.Pruned[0].Threshold != 0.75 {
		t.Errorf("%+v", r.Pruned)
	}
	if len(r.Failures) != 1 || r.Failures[0] != (view.Breakage{Failure: trial.Crash, Trials: 1, Attempts: 1, Last: "<script>alert(1)</script>"}) {
		t.Errorf("%+v", r.Failures)
	}
	if c := r.Cost; c.Run != 39*6-39 || c.Full != 240 || c.Seconds != 2*(39*6-39) || c.Wall != 3600 {
		t.Errorf("%+v", c)
	}
	best := r.Evidence.Search
	for _, want := range []string{value(best.Value), "fold race", "39", "70 %", "80 %", "81 %", fmt.Sprint(r.Cost.Run), view.Duration(r.Cost.Seconds), "1h0m0s"} {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page", want)
		}
		if want != "81 %" && !strings.Contains(text, want) {
			t.Errorf("no %q in the text:\n%s", want, text)
		}
	}
	if !strings.Contains(text, "| <cat> | 18 | 2 | 90 % |") {
		t.Errorf("no confusion matrix in\n%s", text)
	}
}

// TestGridHoldsEveryTrial: each trial is in the cell of its learning rate and strategy, and the best cell has the best complete one.
func TestGridHoldsEveryTrial(t *testing.T) {
	r := study(t, 40)
	q, ok := ratesOf(r)
	if !ok || q.x != "lr" || q.colour != "freeze.strategy" || !q.log || len(q.groups) != len(trial.Strategies) {
		t.Fatalf("%+v", q)
	}
	g := q.grid(r.Objectives[0])
	trials := 0
	for _, row := range g.Rows {
		for _, c := range row.Cells {
			trials += c.Trials
			if c.Level == 9 && c.Best.Trial.Trial != r.Status.Best.Trial {
				t.Errorf("the best cell has trial %d", c.Best.Trial.Trial)
			}
			if c.Best != nil && c.Part != (c.Best.State != string(trial.Complete)) {
				t.Errorf("cell %+v", c)
			}
		}
	}
	if trials != 39 {
		t.Errorf("%d trials in the grid", trials)
	}
}

func TestScale(t *testing.T) {
	for _, c := range []struct {
		low, high float64
		log       bool
		n         int
	}{{0, 1, false, 6}, {0.9, 0.91, false, 6}, {-5, 5, false, 6}, {3, 3, false, 6}, {0, 0, false, 6}, {1e-6, 1e-1, true, 0}, {2e-4, 3e-4, true, 0}, {1e5, 1e9, false, 6}} {
		s := newScale(c.low, c.high, c.log, 10, 110)
		if a, b := s.at(c.low), s.at(c.high); !(a >= 10 && b <= 110 && a <= b) || s.at(c.low/2-1e9) != 10 && !c.log {
			t.Errorf("%+v: %v %v", c, a, b)
		}
		ticks := s.ticks(6)
		if len(ticks) == 0 || len(ticks) > 12 {
			t.Errorf("%+v: %d ticks %v", c, len(ticks), ticks)
		}
		for i := 1; i < len(ticks); i++ {
			if ticks[i].label == ticks[i-1].label || ticks[i].label == "-0" {
				t.Errorf("%+v: ticks %v", c, ticks)
			}
		}
	}
}
