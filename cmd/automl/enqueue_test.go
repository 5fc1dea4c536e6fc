package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
	"automl/web"
)

func TestEnqueuePoints(t *testing.T) {
	file := filepath.Join(t.TempDir(), "points.json")
	if err := os.WriteFile(file, []byte(`[{"lr":1e-3},{"opt":"sgd"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args     []string
		file, in string
		want     web.Points
		fault    string
	}{
		{args: []string{"lr=5e-5", "layers=3", "opt=adamw", "nesterov=true", "note=a=b", "depth=3.0", "date=2026-01-01"}, want: web.Points{{
			{Name: "lr", Value: 5e-5}, {Name: "layers", Value: int64(3)}, {Name: "opt", Value: "adamw"}, {Name: "nesterov", Value: true},
			{Name: "note", Value: "a=b"}, {Name: "depth", Value: 3.0}, {Name: "date", Value: "2026-01-01"}}}},
		{file: file, want: web.Points{{{Name: "lr", Value: 1e-3}}, {{Name: "opt", Value: "sgd"}}}},
		{file: "-", in: `{"lr":2}`, want: web.Points{trial.Params{{Name: "lr", Value: int64(2)}}}},
		{fault: "such as lr=5e-5"},
		{args: []string{"lr"}, fault: `"lr" is not NAME=VALUE`},
		{args: []string{"lr=1", "lr=2"}, fault: "lr is given twice"},
		{args: []string{"lr=1"}, file: file, fault: "not both"},
		{file: "-", in: "lr: 3", fault: "- is neither a JSON object"},
		{file: "/does/not/exist", fault: "no such file"},
	} {
		got, err := enqueuePoints(c.args, c.file, strings.NewReader(c.in))
		if c.fault == "" && err != nil || c.fault != "" && (err == nil || !strings.Contains(err.Error(), c.fault)) {
			t.Errorf("%v %s: %v", c.args, c.file, err)
		}
		if d := cmp.Diff(c.want, got); c.fault == "" && d != "" {
			t.Errorf("%v %s: %s", c.args, c.file, d)
		}
	}
}
