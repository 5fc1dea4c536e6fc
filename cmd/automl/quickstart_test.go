package main

import (
	"os"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/view"
)

// The README's main job, in full: minutes of training, so it runs as its own part (./check quickstart).
func TestQuickstart(t *testing.T) {
	if os.Getenv("AUTOML_QUICKSTART") == "" {
		t.Skip("trains for minutes: ./check quickstart runs it")
	}
	s := newSite(t, "", "")
	s.limit = 15 * time.Minute // two on an idle machine with two cores
	s.ok("run", "../../configs/quickstart.yaml")
	best := decodeJSON[view.Best](t, s.ok("best", "quickstart", "-o", "json").out)
	status := decodeJSON[view.Status](t, s.ok("status", "quickstart", "-o", "json").out)
	t.Logf("trial %d: %.4f ± %.4f; %d of %d epochs; %v", best.Trial, best.Value, best.Std, status.Epochs.Run, status.Epochs.Full, status.Trials)
	if best.Value < 0.97 {
		t.Errorf("the winner reaches %.4f, not 0.97", best.Value)
	}
	trials := 0
	for _, n := range status.Trials {
		trials += n
	}
	if trials < 20 || status.Trials["fail"] > 0 {
		t.Errorf("%d trials, %d failed", trials, status.Trials["fail"])
	}
	if share := float64(status.Epochs.Run) / float64(status.Epochs.Full); share >= 0.45 {
		t.Errorf("%.0f%% of the epochs were run", 100*share)
	}
	if pruned := status.Trials[view.StatusName(trial.PrunedState)]; pruned*2 <= trials {
		t.Errorf("%d of %d trials were pruned: not most of them", pruned, trials)
	}
	checkBest(t, s, best)
	if _, err := os.Stat(best.Artifact); err != nil {
		t.Errorf("the model: %v", err)
	}
}
