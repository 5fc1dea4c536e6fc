package main

import (
	"strings"
	"testing"
	"time"

	"automl/runner"
)

func TestLab(t *testing.T) {
	var l lab
	if l.wait(time.Minute) != time.Minute || len(l.args()) != 0 || l.runner(runner.Config{}).Timings.Silent != 10*time.Minute {
		t.Errorf("%+v changes something", l)
	}
	for _, bad := range []string{"", "scale", "scale=0", "scale=-1", "scale=NaN", "scale=1000", "clock=1", "fast=1", "scale=1,", "patience=0"} {
		if err := l.Set(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	if err := l.Set("scale=0.1,patience=0.5,clock=-24h"); err != nil {
		t.Fatal(err)
	}
	c := l.runner(runner.Config{})
	if off := time.Until(c.Clock.Now()) + 24*time.Hour; off > time.Minute || off < -time.Minute {
		t.Errorf("the clock is off by %v more", off)
	}
	if l.wait(time.Minute) != 6*time.Second || c.Timings.Silent != 30*time.Second || strings.Join(l.args(), " ") != "--lab scale=0.1,patience=0.5,clock=-24h" {
		t.Errorf("%+v: %+v", l, c.Timings)
	}
	if r := newSite(t, "x", "").ok("daemon", "--help"); strings.Contains(r.out+r.err, "--lab") {
		t.Error("the flag is shown")
	}
}
