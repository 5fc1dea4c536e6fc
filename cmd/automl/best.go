package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/trial/view"
)

// gpusOf is how many GPUs a trial of the study holds.
func gpusOf(study trial.Study) float64 {
	spec, err := decode(study)
	if err != nil {
		return 0
	}
	return spec.Resources.GPUShare()
}

// claimOf is what the sweep document of a study says of its claim to slots.
func claimOf(study trial.Study) trial.Claim {
	spec, _ := decode(study) // what cannot be read says nothing
	return spec.Claim
}

// externalOf tells whether a study's trainers ask for their work.
func externalOf(study trial.Study) bool {
	spec, _ := decode(study)
	return spec.External
}

// knownOf is what the sweep document of a study says; how many epochs it plans takes a while to find out.
func knownOf(study trial.Study) view.Known {
	spec, _ := decode(study)
	return view.Known{GPUs: spec.Resources.GPUShare(), Planned: epochsOf(study), Claim: spec.Claim, External: spec.External}
}

func (a *app) bestCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "best [STUDY]",
		Short: "Print the winner: its parameters, its value with the spread over folds, and the saved model; with several objectives the front",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			return a.withState(c.Context(), first(args), func(_ reader, s *trial.State) error {
				if s.Best() == nil {
					fmt.Fprintf(a.err, "study %s is %s and has no complete trial\n", s.Study.Name, s.Status)
					return errNoTrial
				}
				b := view.BestOf(s, gpusOf(s.Study))
				return a.show(b, func() { a.printBest(s, b) }, bestTable(b))
			})
		},
	}
}

func first(args []string) string {
	if len(args) > 0 {
		return args[0]
	}
	return ""
}

// bestTable is the winner as one row, or with several objectives the front: for csv.
func bestTable(b *view.Best) *table {
	if len(b.Front) > 0 {
		return frontTable(b)
	}
	t := &table{head: []string{"study", "trial", "value", "std", "epoch"}}
	row := []any{b.Study, b.Trial, b.Value, b.Std, b.Epoch}
	for _, p := range b.Params {
		t.head = append(t.head, p.Name)
		row = append(row, p.Value)
	}
	t.add(row...)
	return t
}

// printBest prints the winner for a person.
func (a *app) printBest(s *trial.State, b *view.Best) {
	t, w := s.Trial(b.Trial), a.out
	best := "Best"
	if len(b.Front) > 0 {
		a.printFront(s, b)
		best = "Best compromise"
	}
	fmt.Fprintf(w, "\n%s of %d trials: trial %d, %s over %s, at epoch %d\n\n", best, len(s.Trials), b.Trial, measured(s, t),
		view.Counted(len(b.Folds), "fold"), b.Epoch)
	rows := &table{head: []string{"  parameter", "value"}}
	plain, schedule := view.Plain(t.Params)
	for _, p := range plain {
		rows.add("  "+p.Name, trial.FormatValue(p.Value))
	}
	if schedule != "" {
		rows.add("  freeze schedule", schedule)
	}
	rows.print(w)
	fmt.Fprint(w, "\n  folds   ")
	for _, f := range b.Folds {
		fmt.Fprintf(w, " %.4f", f.Value)
	}
	if b.Probe != nil {
		fmt.Fprintf(w, "\n  probe    %s", b.Probe)
	}
	run, full := s.EpochsRun(), s.EpochsFull()
	fmt.Fprintf(w, "\n  cost     %s", view.Counted(run, "epoch"))
	switch {
	case run < full && s.Status.Over():
		fmt.Fprintf(w, " of %d (%.0f%%)%s", full, 100*float64(run)/float64(full), restText(s))
	case run < full:
		fmt.Fprintf(w, " of the %d (%.0f%%) that these trials take in full", full, 100*float64(run)/float64(full))
	}
	if c := s.Cache(); c.Hits > 0 {
		fmt.Fprintf(w, "\n  cache    frozen layers were not run again for %d rows, which saved about %s", c.Hits, view.Duration(c.Saved))
	}
	if q := view.AuditOf(s); q != nil {
		fmt.Fprintf(w, "\n  audit    %s", q)
	}
	fmt.Fprintf(w, "\n  model    %s\n", modelText(s, t))
	for _, m := range view.Tested(s.Study.Objectives(), t.Refit()) {
		fmt.Fprintf(w, "  test     %s %.4f; metrics.json in its folder has all that was measured\n", m.Name, m.Value)
	}
	fmt.Fprintf(w, "  record   %s/automl.db\n", a.dataDir)
	fmt.Fprintf(w, "\nautoml describe %s shows all trials, automl explain %s TRIAL why one was stopped,\nautoml report %s report.html writes all of it as one page\n", s.Study.Name, s.Study.Name, s.Study.Name)
}

// restText says why fewer epochs were trained than all trials have.
func restText(s *trial.State) string {
	c := s.Counts()
	pruned, failed := c[trial.PrunedState] > 0, view.Counted(c[trial.Fail], "trial")
	switch {
	case pruned && c[trial.Fail] > 0:
		return ": the rest was saved by pruning, or lost with the " + failed + " that failed"
	case pruned:
		return ": the rest was saved by pruning"
	case c[trial.Fail] > 0:
		return ": the rest was lost with the " + failed + " that failed"
	}
	return "" // trials ended their folds by themselves
}

// modelText says where the refitted model is, or why there is none.
func modelText(s *trial.State, t *trial.Trial) string {
	spec, err := decode(s.Study)
	switch {
	case t.Artifact != "":
		return t.Artifact + ", trained on all data"
	case err == nil && !spec.Refit:
		return notRefitted(spec.Trainer.Type)
	case s.Status.Over():
		return "not saved: " + s.Reason
	}
	return "saved when the study is done"
}

// notRefitted says what to do without a refit.
func notRefitted(trainer string) string {
	if trainer == "builtin" {
		return "not saved: the sweep says refit: false"
	}
	return "a trainer of your own saves its own: train it with these parameters on all data, or have refit: true in the sweep"
}
