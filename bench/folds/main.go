// Command folds measures rules that stop a trial before it has seen all folds of a cross-validation, on recorded tables of
// learning curves in every fold.
//
//	go run ./bench/folds -o docs/fold-race.md bench/folds/data/*.csv.gz
//
// A study is simulated on a table by the project's own scheduler and record: all configurations in a random order, fold by fold
// and in full in each, the folds in a random order too. The report says what each rule saves of the epochs of full
// cross-validation, and how often the table's best configuration was stopped.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil && err != flag.ErrHelp {
		fmt.Fprintln(os.Stderr, "folds:", err)
		os.Exit(1)
	}
}

func run(args []string, out, log io.Writer) error {
	f := flag.NewFlagSet("folds", flag.ContinueOnError)
	f.SetOutput(log)
	shuffles := f.Int("shuffles", 200, "studies a table and rule")
	workers := f.Int("workers", 1, "trials at once")
	file := f.String("o", "", "write the report to this file; default: standard output")
	if err := f.Parse(args); err != nil {
		return err
	}
	if f.NArg() == 0 || *shuffles < 1 || *workers < 1 {
		return fmt.Errorf("name tables: bench/folds/data/*.csv.gz; -shuffles and -workers are 1 or more")
	}
	var all []measured
	for _, path := range f.Args() {
		t, err := readTable(path)
		if err != nil {
			return err
		}
		m := measured{table: t}
		for _, r := range rules {
			s, err := measure(t, r, *workers, *shuffles)
			if err != nil {
				return fmt.Errorf("%s, rule %s: %w", t.name, r.name, err)
			}
			fmt.Fprintf(log, "%s %s: %s\n", t.name, r.name, s)
			m.rules = append(m.rules, s)
		}
		all = append(all, m)
	}
	text := report(all, *shuffles, *workers)
	if *file == "" {
		_, err := io.WriteString(out, text)
		return err
	}
	return os.WriteFile(*file, []byte(text), 0o644)
}
