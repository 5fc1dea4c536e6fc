package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// journal is a file of finished folds: a line that says of which recording, then one line a fold, "config,fold:" and its values.
type journal struct {
	file   *os.File
	curves map[[2]int][]float64 // by configuration and fold
}

// openJournal reads what there is, cuts off a line that was being written when the recording was killed, and goes on there.
func openJournal(path, id string, epochs int) (*journal, error) {
	text, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1]
	first, rest, _ := strings.Cut(string(text), "\n")
	if len(text) > 0 && first != id {
		return nil, fmt.Errorf("%s belongs to another recording (another sweep, -k or data): remove it to begin anew", path)
	}
	j := &journal{curves: map[[2]int][]float64{}}
	lines := bufio.NewScanner(strings.NewReader(rest))
	for n := 2; lines.Scan(); n++ {
		if err := j.read(lines.Text(), epochs); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, n, err)
		}
	}
	if j.file, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o644); err != nil {
		return nil, err
	}
	if err := j.file.Truncate(int64(len(text))); err != nil {
		return nil, err
	}
	if _, err := j.file.Seek(0, 2); err != nil {
		return nil, err
	}
	if len(text) == 0 {
		_, err = fmt.Fprintln(j.file, id)
	}
	return j, err
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

// writeTable writes config,fold,epoch,value of all configurations and folds, which the journal must have. The same curves give
// the same bytes. The file is there in whole or not at all.
func writeTable(path string, j *journal, configs, k int) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".table-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	z, err := gzip.NewWriterLevel(f, gzip.BestCompression)
	if err != nil {
		return err
	}
	fmt.Fprintln(z, "config,fold,epoch,value") // errors of z stay until Close
	for config := range configs {
		for fold := range k {
			for i, v := range j.curves[[2]int{config, fold}] {
				fmt.Fprintf(z, "%d,%d,%d,%s\n", config, fold, i+1, format(v))
			}
		}
	}
	if err := z.Close(); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
