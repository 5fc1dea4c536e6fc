package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// journal is a file of finished folds: a line that says of which recording, then one line a fold, "config,fold:" and its values.
type journal struct {
	file   *os.File
	curves curves
}

// curves are those of folds, by configuration and fold.
type curves map[[2]int][]float64

// openJournal reads what there is, cuts off a line that was being written when the recording was killed, and goes on there.
// Without a journal it begins with what the table has.
func openJournal(path, table, id string, epochs int) (*journal, error) {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	j := &journal{curves: curves{}}
	if len(text) == 0 {
		var of string
		if j.curves, of, err = readTable(table); err != nil {
			return nil, err
		}
		if len(j.curves) > 0 && of != id {
			return nil, otherRecording(table)
		}
	}
	first, rest, _ := strings.Cut(string(text), "\n")
	if len(text) > 0 && first != id {
		return nil, otherRecording(path)
	}
	lines := bufio.NewScanner(strings.NewReader(rest))
	for n := 2; lines.Scan(); n++ {
		if err := j.read(lines.Text(), epochs); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	return j, j.begin(path, int64(len(text)), id)
}

func otherRecording(path string) error {
	return fmt.Errorf("%s belongs to another recording (another sweep, -k, data or model): remove it to begin anew", path)
}

// begin opens the file for appending after its first size bytes.
func (j *journal) begin(path string, size int64, id string) (err error) {
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return err
	}
	if err := j.file.Truncate(size); err != nil {
		return err
	}
	if _, err := j.file.Seek(size, 0); err != nil {
		return err
	}
	if size > 0 {
		return nil
	}
	if _, err := fmt.Fprintln(j.file, id); err != nil {
		return err
	}
	for _, at := range j.curves.keys() {
		if err := j.add(at[0], at[1], j.curves[at]); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) close() error { return j.file.Close() }

// read takes one line: "3,0: 0.1 0.2".
func (j *journal) read(line string, epochs int) error {
	head, values, _ := strings.Cut(line, ": ")
	var config, fold int
	if _, err := fmt.Sscanf(head, "%d,%d", &config, &fold); err != nil {
		return fmt.Errorf("%q is no configuration and fold", head)
	}
	var curve []float64
	for _, s := range strings.Fields(values) {
		v, err := strconv.ParseFloat(s, 64)
		if err != nil {
			return err
		}
		curve = append(curve, v)
	}
	if len(curve) != epochs {
		return fmt.Errorf("%d values, there are %d epochs", len(curve), epochs)
	}
	j.curves[[2]int{config, fold}] = curve
	return nil
}

func (j *journal) has(config, fold int) bool { return j.curves[[2]int{config, fold}] != nil }

// add appends the curve of one fold.
func (j *journal) add(config, fold int, curve []float64) error {
	line := fmt.Sprintf("%d,%d:", config, fold)
	for _, v := range curve {
		line += " " + format(v)
	}
	if _, err := j.file.WriteString(line + "\n"); err != nil {
		return err
	}
	j.curves[[2]int{config, fold}] = curve
	return nil
}

// format keeps six digits: a fold of fewer than a thousand rows has no more.
func format(v float64) string { return strconv.FormatFloat(v, 'f', 6, 64) }
