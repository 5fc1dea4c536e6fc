package trial

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRefitIsReadBack(t *testing.T) {
	m := Metrics{{"test_accuracy", 0.8503}, {"perplexity of words", 12340}, {"loss", math.Inf(1)}}
	if got := RefitReason(m); got != "trained on all data, test_accuracy 0.8503, perplexity of words 1.234e+04, loss +Inf" {
		t.Error(got)
	}
	for reason, want := range map[string]Metrics{RefitReason(m): m, RefitReason(nil): nil, "trained in full": nil,
		"trained on all data, by hand": nil} {
		if d := cmp.Diff(want, (&Trial{Artifact: "/models/a", Reason: reason}).Refit()); d != "" {
			t.Errorf("%q (-want +got):\n%s", reason, d)
		}
	}
	if got := (&Trial{Reason: RefitReason(m)}).Refit(); got != nil {
		t.Errorf("a trial without a model has %v", got)
	}
}
