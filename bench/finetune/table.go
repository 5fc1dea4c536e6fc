package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// The table stands between these lines of a document.
const (
	tableBegin = "<!-- made by bench/finetune -->"
	tableEnd   = "<!-- end -->"
)

// header is the first two lines of the table.
var header = []string{
	"| job | threads | ours ms | PyTorch ms | wall | cpu | first step | memory |",
	"|---|---:|---:|---:|---:|---:|---:|---:|",
}

// keep puts rows into the table of a document: in place of those of the same job and number of threads, or at its end. So a
// comparison can be made in parts.
func keep(file string, rows []string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	merged, err := merge(string(text), rows)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return os.WriteFile(file, []byte(merged), 0o644)
}

// merge is keep on the text of the document.
func merge(text string, rows []string) (string, error) {
	before, rest, begins := strings.Cut(text, tableBegin+"\n")
	old, after, ends := strings.Cut(rest, tableEnd)
	if !begins || !ends {
		return "", fmt.Errorf("no lines %q and %q", tableBegin, tableEnd)
	}
	var lines []string
	for line := range strings.Lines(old) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "| ") && !slices.Contains(header, line) {
			lines = append(lines, line)
		}
	}
	for _, row := range rows {
		same := func(line string) bool { return key(line) == key(row) }
		if i := slices.IndexFunc(lines, same); i >= 0 {
			lines[i] = row
		} else {
			lines = append(lines, row)
		}
	}
	return before + tableBegin + "\n" + strings.Join(slices.Concat(header, lines), "\n") + "\n" + tableEnd + after, nil
}

// key is the job and the number of threads of a row.
func key(row string) string {
	cells := strings.SplitN(row, "|", 4)
	return strings.Join(cells[:min(3, len(cells))], "|")
}
