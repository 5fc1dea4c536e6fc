package main

import (
	"fmt"
	"slices"
	"strings"

	"automl/trial"
	"automl/trial/view"
)

// objectivesText is what a study optimizes: "maximize val_accuracy and minimize latency_ms".
func objectivesText(s trial.Study) string {
	var parts []string
	for _, o := range s.Objectives() {
		parts = append(parts, fmt.Sprintf("%s %s", o.Goal, o.Metric))
	}
	return strings.Join(parts, " and ")
}

// valuesText is what a trial is worth: "val_accuracy 0.9805 ± 0.0040, latency_ms 3.1".
func valuesText(s trial.Study, scores []trial.Score) string {
	var parts []string
	for i, score := range scores {
		parts = append(parts, s.Objectives()[i].Metric+" "+scoreText(score))
	}
	return strings.Join(parts, ", ")
}

// measured is the values of a trial in all objectives, or in the leading one where the others are missing.
func measured(s *trial.State, t *trial.Trial) string {
	scores, ok := t.Scores(s.Study)
	if !ok {
		score, _ := t.Score(s.Study.Objective, s.Study.Shape)
		scores = []trial.Score{score}
	}
	return valuesText(s.Study, scores)
}

// valueCells is one cell for each objective; "-" where a trial has no values.
func valueCells(s trial.Study, t *trial.Trial) []any {
	if len(s.Others) == 0 {
		if score, ok := t.Score(s.Objective, s.Shape); ok {
			return []any{scoreText(score)}
		}
		return []any{"-"}
	}
	out := make([]any, 1+len(s.Others))
	scores, ok := t.Scores(s)
	for i := range out {
		out[i] = "-"
		if ok {
			out[i] = scoreText(scores[i])
		}
	}
	return out
}

// valueHeads is the heads over valueCells.
func valueHeads(s trial.Study) []string {
	if len(s.Others) == 0 {
		return []string{"value"}
	}
	var out []string
	for _, o := range s.Objectives() {
		out = append(out, o.Metric)
	}
	return out
}

// frontTable is the front, a row a trial: for csv. Parameters that some of its trials have make a column each.
func frontTable(b *view.Best) *table {
	t := &table{head: []string{"study", "trial", "best", "epoch"}}
	for _, o := range b.Objectives {
		t.head = append(t.head, o.Metric)
	}
	first := len(t.head)
	for _, m := range b.Front {
		for _, p := range m.Params {
			if !slices.Contains(t.head[first:], p.Name) {
				t.head = append(t.head, p.Name)
			}
		}
	}
	for _, m := range b.Front {
		row := []any{b.Study, m.Trial, m.Trial == b.Trial, m.Epoch}
		for _, o := range m.Objectives {
			row = append(row, o.Value)
		}
		for _, name := range t.head[first:] {
			v, ok := m.Params.Get(name)
			if !ok {
				v = ""
			}
			row = append(row, v)
		}
		t.add(row...)
	}
	return t
}

// printFront prints the front for a person; the winner is marked.
func (a *app) printFront(s *trial.State, b *view.Best) {
	fmt.Fprintf(a.out, "\nFront of %d of %d trials: no trial is better than these in %s without being worse in another\n\n", len(b.Front),
		len(s.Trials), alternatives(valueHeads(s.Study)))
	rows := &table{head: append(append([]string{"  trial"}, valueHeads(s.Study)...), "parameters")}
	for _, m := range b.Front {
		mark := "  "
		if m.Trial == b.Trial {
			mark = "* "
		}
		row := []any{fmt.Sprintf("%s%d", mark, m.Trial)}
		for _, o := range m.Objectives {
			row = append(row, fmt.Sprintf("%.4g", o.Value))
		}
		rows.add(append(row, view.ParamsText(m.Params))...)
	}
	rows.print(a.out)
	parts := make([]string, len(b.Reference))
	for i, v := range b.Reference {
		parts[i] = fmt.Sprintf("%.4g", v)
	}
	fmt.Fprintf(a.out, "\n  hypervolume %.4g up to (%s)\n", *b.Hypervolume, strings.Join(parts, ", "))
}

// alternatives is "a or b", "a, b or c".
func alternatives(names []string) string {
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}
