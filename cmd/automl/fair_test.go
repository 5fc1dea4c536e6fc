package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/store"
)

// named submits the sweep of a site under another name, with more keys.
func (s *site) named(name, more string) {
	s.t.Helper()
	text, err := os.ReadFile(s.sweep)
	if err != nil {
		s.t.Fatal(err)
	}
	other := strings.TrimSuffix(s.sweep, ".yaml") + "-" + name + ".yaml"
	if err := os.WriteFile(other, []byte(strings.Replace(string(text), "name: e2e\n", "name: "+name+"\n"+more, 1)), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.ok("submit", other)
}

// standing is a study by its name, from the record.
func (s *site) standing(name string) *trial.State {
	s.t.Helper()
	db, err := store.OpenReadOnly(s.t.Context(), s.dir)
	if err != nil {
		s.t.Fatal(err)
	}
	defer db.Close()
	st, err := db.Load(s.t.Context(), name)
	if err != nil {
		s.t.Fatal(err)
	}
	return st
}

func atWork(s *trial.State) int { return s.Counts()[trial.Running] }

// Three studies on one runner: each has slots by its priority and its cap; one that is paused gives its slots to the others within an
// epoch, and one that comes last does not wait for the others' end.
func TestStudiesShareARunner(t *testing.T) {
	s := newSite(t, "pace=300", "budget: {trials: 400}\nscheduler: fifo\nsampler: random\n")
	s.rewrite("scheduler: {type: hyperband, eta: 3}\n", "")
	s.start(s.dir, "daemon")
	s.up()
	s.named("low", "")
	s.named("high", "priority: 1\n")
	s.start(s.dir, "runner", "--slots", "6")
	until(t, "all slots", func() bool { return atWork(s.standing("low")) >= 1 && atWork(s.standing("high")) >= 3 })
	low, high := s.standing("low").EpochsRun(), s.standing("high").EpochsRun()
	until(t, "a share of the work", func() bool { return s.standing("low").EpochsRun() > low+40 })
	ratio := float64(s.standing("high").EpochsRun()-high) / float64(s.standing("low").EpochsRun()-low)
	if ratio < 1.5 || ratio > 2.7 {
		t.Errorf("a step of priority is worth %.2f times the epochs", ratio)
	}
	s.named("capped", "workers: 1\npriority: 8\n")
	until(t, "the third study's slot", func() bool { return atWork(s.standing("capped")) == 1 })
	s.ok("pause", "high")
	paused := time.Now()
	before := s.standing("high").EpochsRun()
	until(t, "the slots of the paused study", func() bool { return atWork(s.standing("high")) == 0 })
	if n := s.standing("high").EpochsRun() - before; n > 4 {
		t.Errorf("the paused study trained %d epochs more in its 4 slots, for %v", n, time.Since(paused))
	}
	until(t, "the others to take them", func() bool { return atWork(s.standing("low")) >= 4 })
	if n := atWork(s.standing("capped")); n > 1 {
		t.Errorf("the capped study has %d slots", n)
	}
	s.ok("resume", "high")
	until(t, "its slots again", func() bool { return atWork(s.standing("high")) >= 3 && atWork(s.standing("low")) >= 1 })
}

// Studies with shares of 1 and 3 have the slots of two runners in that ratio, whichever runner a slot is of; a third one that asks for as much
// as both has half of them. Nobody starves.
func TestSharesOfTwoRunners(t *testing.T) {
	s := newSite(t, "pace=300", "budget: {trials: 800}\nscheduler: fifo\nsampler: random\n")
	s.rewrite("scheduler: {type: hyperband, eta: 3}\n", "")
	s.start(s.dir, "daemon")
	s.up()
	s.named("one", "share: 1\n")
	s.named("three", "share: 3\n")
	s.start(s.dir, "runner", "--name", "box1", "--slots", "4")
	s.start(filepath.Join(t.TempDir(), "box2"), "runner", "--name", "box2", "--slots", "4", "--nats", s.up().NATS,
		"--nats-auth", filepath.Join(s.dir, "nats-auth.json"))
	until(t, "all slots", func() bool { return atWork(s.standing("one"))+atWork(s.standing("three")) == 8 })
	work := func(name string) int { return s.standing(name).EpochsRun() }
	one, three := work("one"), work("three")
	until(t, "a share of the work", func() bool { return work("one") > one+40 })
	if ratio := float64(work("three")-three) / float64(work("one")-one); ratio < 2.3 || ratio > 3.9 {
		t.Errorf("three times the share is worth %.2f times the epochs", ratio)
	}
	s.named("late", "share: 4\n")
	until(t, "half of the slots for the third", func() bool { return atWork(s.standing("late")) >= 3 })
	one, three, late := work("one"), work("three"), work("late")
	until(t, "the others to go on", func() bool { return work("one") > one+8 && work("three") > three+24 })
	if n := work("late") - late; n < 20 {
		t.Errorf("the third study trained %d epochs while the others trained %d and %d", n, work("one")-one, work("three")-three)
	}
}
