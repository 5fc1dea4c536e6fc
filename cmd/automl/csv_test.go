package main

import (
	"encoding/csv"
	"strings"
	"testing"
)

// Whatever a command answers, it answers as rows too: one that has changed something must not fail because of how it is to say so.
func TestEveryAnswerHasRows(t *testing.T) {
	rows := func(s *site, args ...string) [][]string {
		t.Helper()
		out := s.ok(append(args, "-o", "csv")...).out
		all, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil || len(all) < 2 {
			t.Fatalf("automl %s: %v in\n%s", strings.Join(args, " "), err, out)
		}
		return all
	}
	head := func(all [][]string, want string) {
		t.Helper()
		if got := strings.Join(all[0], ","); got != want {
			t.Errorf("the columns are %s, want %s", got, want)
		}
	}
	s := newSite(t, "x", "budget: {trials: 2}\n")
	head(rows(s, "run", s.sweep), "study,trial,value,std,epoch,lr,opt")
	head(rows(s, "version"), "version,go,platform")

	s = newSite(t, "x", "budget: {trials: 2}\n")
	s.start(s.dir, "daemon")
	s.up()
	head(rows(s, "submit", s.sweep), "study")
	head(rows(s, "claim", "e2e", "--share", "2"), "share,priority,workers")
	if all := rows(s, "enqueue", "e2e", "lr=5e-5", "opt=sgd"); all[1][0] != "0" || all[1][1] != "true" {
		t.Errorf("enqueued: %v", all)
	}
}
