package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// sweepFile is a sweep over 60 rows of the shipped digits at 8x8.
func sweepFile(t *testing.T) string {
	t.Helper()
	shipped, err := filepath.Abs("../../../configs/quickstart")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Open(filepath.Join(shipped, "digits/digits.csv.gz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	lines := strings.SplitAfterN(string(text), "\n", 62)
	write(t, filepath.Join(dir, "rows.csv"), strings.Join(lines[:61], ""))
	file := filepath.Join(dir, "sweep.yaml")
	write(t, file, fmt.Sprintf(`
name: few
objective: {metric: val_accuracy, goal: maximize}
parameters:
  lr:     {type: float, low: 1e-4, high: 1e-1, log: true}
  freeze.strategy: {value: head_only}
epochs: 2
trainer:
  type: builtin
  task: image-classification
  model: %s/resnet8
  data: {train: rows.csv, label: label, image: {pixels: "p*", height: 8, width: 8, max: 16, size: 8}}
`, shipped))
	return file
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func record(t *testing.T, args ...string) {
	t.Helper()
	if err := run(context.Background(), args, io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A recording that was killed in the middle of a line goes on and ends with the same bytes; one with more configurations begins
// with those of the smaller one, and goes on from its table when there is no more.
func TestRecordingGoesOn(t *testing.T) {
	sweep, whole, parts := sweepFile(t), t.TempDir(), t.TempDir()
	record(t, "-sweep", sweep, "-k", "3", "-configs", "2", "-out", whole)
	record(t, "-sweep", sweep, "-k", "3", "-configs", "1", "-out", parts)
	journal := filepath.Join(parts, "few_k3.csv.part")
	text := read(t, journal)
	write(t, journal, string(text[:len(text)-3]))
	record(t, "-sweep", sweep, "-k", "3", "-configs", "2", "-out", parts)
	want := read(t, filepath.Join(whole, "few_k3.csv.gz"))
	grown := t.TempDir()
	record(t, "-sweep", sweep, "-k", "3", "-configs", "1", "-out", grown)
	if err := os.Remove(filepath.Join(grown, "few_k3.csv.part")); err != nil {
		t.Fatal(err)
	}
	record(t, "-sweep", sweep, "-k", "3", "-configs", "2", "-out", grown)
	if !bytes.Equal(read(t, filepath.Join(grown, "few_k3.csv.gz")), want) {
		t.Error("the table that was continued is another one")
	}
	if !bytes.Equal(read(t, filepath.Join(parts, "few_k3.csv.gz")), want) {
		t.Error("the resumed recording is another one")
	}
	z, err := gzip.NewReader(bytes.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(z).ReadAll()
	if err != nil || len(rows) != 1+2*3*2 || strings.Join(rows[0], ",") != "config,fold,epoch,value" {
		t.Fatalf("%d rows, header %v, %v", len(rows), rows[0], err)
	}
	var about bytes.Buffer
	if err := run(context.Background(), []string{"-describe", "-out", grown}, &about, io.Discard); err != nil || !strings.Contains(about.String(), "| `few_k3` | 2 | 0.") {
		t.Errorf("%v: %s", err, about.String())
	}
	if rows[12][0] != "1" || rows[12][1] != "2" || rows[12][2] != "2" {
		t.Errorf("the last row is %v", rows[12])
	}
}

func TestRecordingRefusesWhatIsAnothers(t *testing.T) {
	sweep, dir := sweepFile(t), t.TempDir()
	record(t, "-sweep", sweep, "-k", "2", "-configs", "1", "-out", dir)
	for _, end := range []string{"gz", "part"} {
		other := t.TempDir()
		if err := os.Rename(filepath.Join(dir, "few_k2.csv."+end), filepath.Join(other, "few_k3.csv."+end)); err != nil {
			t.Fatal(err)
		}
		err := run(context.Background(), []string{"-sweep", sweep, "-k", "3", "-configs", "1", "-out", other}, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "another recording") {
			t.Errorf("%s: %v", end, err)
		}
	}
}
