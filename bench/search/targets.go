package main

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"automl/bench/search/score"
)

// targetFile is what the project wants to reach; a new target is a line there.
//
//go:embed targets.csv
var targetFile string

// target is a regret to reach at a budget.
type target struct {
	suite    string
	workers  int
	search   string
	budget   float64
	regret   float64
	bestPeer float64 // the least regret recorded of another library when the target was set
}

// readTargets reads the columns suite, workers, search, budget, target and best_peer.
func readTargets(text string) ([]target, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = 6
	lines, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("targets: %w", err)
	}
	var out []target
	for n, line := range lines[1:] {
		t := target{suite: line[0], search: line[2]}
		for i, field := range []*float64{&t.budget, &t.regret, &t.bestPeer} {
			if *field, err = strconv.ParseFloat(line[3+i], 64); err != nil {
				return nil, fmt.Errorf("targets, row %d, column %s: %w", n+2, lines[0][3+i], err)
			}
		}
		if t.workers, err = strconv.Atoi(line[1]); err != nil {
			return nil, fmt.Errorf("targets, row %d, column workers: %w", n+2, err)
		}
		out = append(out, t)
	}
	return out, nil
}

// targetTable says which targets are reached, and by how much the others are missed.
func targetTable(targets []target, rows []score.Row) string {
	var b strings.Builder
	b.WriteString("\n## Targets\n\nThe best peer is the least regret recorded of another library or reference when the target was set.\n\n" +
		"| suite | workers | search | budget | target | measured | interval | | best peer |\n|---|---|---|---|---|---|---|---|---|\n")
	reached := 0
	for _, t := range targets {
		fmt.Fprintf(&b, "| %s | %d | %s | %gx | %.3f |", t.suite, t.workers, t.search, t.budget, t.regret)
		i := slices.IndexFunc(rows, func(r score.Row) bool {
			return r.Suite == t.suite && r.Workers == t.workers && r.Optimizer == t.search && r.Budget == t.budget
		})
		switch {
		case i < 0:
			b.WriteString(" | | not measured |")
		case rows[i].Regret <= t.regret:
			reached++
			fmt.Fprintf(&b, " %.4f | %.3f-%.3f | reached |", rows[i].Regret, rows[i].Low, rows[i].High)
		default:
			fmt.Fprintf(&b, " %.4f | %.3f-%.3f | **short by %.4f** |", rows[i].Regret, rows[i].Low, rows[i].High, rows[i].Regret-t.regret)
		}
		fmt.Fprintf(&b, " %.3f |\n", t.bestPeer)
	}
	fmt.Fprintf(&b, "\n%d of %d reached.\n", reached, len(targets))
	return b.String()
}
