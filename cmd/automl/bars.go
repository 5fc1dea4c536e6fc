package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"automl/trial"
	"automl/trial/view"
)

// bars is the live display: one bar for the study, one for each running trial, and the lines of finished trials above them.
type bars struct {
	screen *screen
	p      *mpb.Progress
	study  *mpb.Bar
	trials map[trial.Key]*mpb.Bar
	labels map[trial.Key]*label
	head   label // what the study's bar says
	tail   label
	epochs int       // the study is expected to take; 0: unknown
	begun  time.Time // this process: an interrupted study is not timed over its break
	before int       // epochs that were there already
	above  lines
}

// label is a text that one goroutine sets and the display reads.
type label struct{ text atomic.Pointer[string] }

func (l *label) set(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	l.text.Store(&s)
}

// draw is the label as part of a bar.
func (l *label) draw() decor.Decorator {
	return decor.Any(func(decor.Statistics) string {
		if s := l.text.Load(); s != nil {
			return *s
		}
		return ""
	})
}

func newBars(s *screen, epochs int) *bars {
	b := &bars{screen: s, epochs: epochs, trials: map[trial.Key]*mpb.Bar{}, labels: map[trial.Key]*label{}, before: -1}
	b.p = mpb.New(mpb.WithOutput(s.w), mpb.WithRefreshRate(refresh), mpb.WithAutoRefresh(), mpb.WithWidth(28))
	b.study = b.p.New(int64(max(1, epochs)), mpb.BarStyle(), mpb.BarPriority(0),
		mpb.PrependDecorators(b.head.draw()),
		mpb.AppendDecorators(b.tail.draw()))
	s.lend(b.p)
	b.above = lines{w: s, brief: true}
	return b
}

func (b *bars) close() {
	b.screen.lend(nil)
	for _, bar := range b.trials {
		bar.Abort(true)
	}
	b.study.Abort(false)
	b.p.Wait()
}

func (b *bars) show(s *trial.State, fresh []trial.Event, progress []trial.Progress) {
	b.above.show(s, fresh, progress)
	run := s.EpochsRun()
	if b.before < 0 {
		b.before, b.begun = run, time.Now()
	}
	b.head.set("%s ", stage(s))
	of := ""
	if b.epochs > 0 {
		of = fmt.Sprintf(" of about %d", b.epochs)
	}
	b.tail.set(" %d%s epochs, %s%s", run, of, b.left(run), bestText(s))
	b.study.SetCurrent(int64(max(0, min(run, b.epochs-1))))
	b.running(s, progress)
}

// stage says what the study is at.
func stage(s *trial.State) string {
	for _, t := range s.Trials {
		switch {
		case t.Open == nil:
		case t.Open.Phase == trial.Confirm:
			return "confirming the best on fresh folds"
		case t.Open.Phase == trial.Refit:
			return "training the winner on all data"
		}
	}
	c := s.Counts()
	text := fmt.Sprintf("%d trials: %d running, %d paused, %d pruned, %d complete", len(s.Trials), c[trial.Running],
		c[trial.PausedState], c[trial.PrunedState], c[trial.Complete])
	if n := c[trial.Fail]; n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	return text
}

// left is how long the planned epochs will still take, by the speed so far.
func (b *bars) left(run int) string {
	done := run - b.before
	if done < 3 || b.epochs == 0 {
		return "time left unknown"
	}
	per := time.Since(b.begun) / time.Duration(done)
	return (per * time.Duration(max(0, b.epochs-run))).Round(time.Second).String() + " left"
}

func bestText(s *trial.State) string {
	t := s.Leader()
	if t == nil {
		return ""
	}
	score, _ := t.Score(s.Study.Objective, s.Study.Shape)
	return fmt.Sprintf(", best %s (trial %d)", scoreText(score), t.Number)
}

// running keeps one bar for each trial in training.
func (b *bars) running(s *trial.State, progress []trial.Progress) {
	seen := map[trial.Key]bool{}
	for _, p := range progress {
		t := s.Trial(p.Key.Trial)
		if t == nil || t.Open == nil || p.Steps < 1 {
			continue
		}
		seen[p.Key] = true
		where := fmt.Sprintf("fold %d epoch %d/%d", p.Fold, p.Epoch, s.Study.Shape.Epochs)
		if t.Open.Phase == trial.Refit {
			where = fmt.Sprintf("on all data, epoch %d/%d", p.Epoch, t.Open.To.Epoch)
		}
		bar := b.trials[p.Key]
		if bar == nil {
			bar = b.bar(p.Key, " "+clip(view.ParamsText(t.Params), 70))
		}
		b.labels[p.Key].set("trial %-3d %s ", t.Number, where)
		bar.SetTotal(int64(p.Steps)+1, false) // one more, so that the bar stays until the attempt ends
		bar.SetCurrent(int64(p.Step))
	}
	for key, bar := range b.trials {
		if !seen[key] {
			bar.Abort(true)
			delete(b.trials, key)
			delete(b.labels, key)
		}
	}
}

func (b *bars) bar(key trial.Key, tail string) *mpb.Bar {
	head, foot := &label{}, &label{}
	foot.set("%s", tail)
	bar := b.p.New(0, mpb.BarStyle(), mpb.BarWidth(16), mpb.BarPriority(1+key.Trial), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(head.draw()), mpb.AppendDecorators(foot.draw()))
	b.trials[key], b.labels[key] = bar, head
	return bar
}

// clip keeps a text from growing beyond n characters.
func clip(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}
