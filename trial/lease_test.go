package trial

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestNewLease(t *testing.T) {
	for what, q := range map[string]struct {
		request string
		seconds float64
		ok      bool
	}{
		"nothing":           {"", 0, true},
		"both":              {"worker 3/17 é", 90.5, true},
		"the longest name":  {strings.Repeat("x", 200), 1, true},
		"a longer one":      {strings.Repeat("x", 201), 1, false},
		"two lines":         {"a\nb", 0, false},
		"an escape":         {"a\x1b[2J", 0, false},
		"no UTF-8":          {"\xff", 0, false},
		"half a second":     {"", .5, false},
		"a year and a day":  {"", 366 * 86400, true},
		"more":              {"", 367 * 86400, false},
		"a negative length": {"", -60, false},
		"no number":         {"", math.NaN(), false},
	} {
		l, err := NewLease(q.request, q.seconds)
		if (err == nil) != q.ok || err != nil && CodeOf(err) != Invalid {
			t.Errorf("%s: %v", what, err)
		}
		if back, bad := leaseOf(l.Params()); err == nil && (bad != nil || back != l) {
			t.Errorf("%s: %+v became %+v, %v", what, l, back, bad)
		}
	}
}

// What a program said when it asked is part of the attempt, and of no other one; something else is no event of a record.
func TestLeaseOfAnAttempt(t *testing.T) {
	s := NewState(Study{ID: "s", Shape: Shape{Folds: 1, Epochs: 2}})
	want := Lease{"r1", time.Minute}
	play := func(d Decision) error {
		return s.Apply(Event{Seq: s.Seq + 1, Decision: &d})
	}
	for _, d := range []Decision{{What: Sampled}, {What: Assigned, Attempt: 1, Phase: Search}, {What: Started, Attempt: 1, Run: "ask", Params: want.Params()}} {
		if err := play(d); err != nil {
			t.Fatal(err)
		}
	}
	if got := s.Trial(0).Open.Lease; got != want || !s.Trial(0).Has(1) || s.Trial(0).Has(2) || s.Trial(1).Has(1) {
		t.Errorf("%+v", got)
	}
	for _, d := range []Decision{{What: Retried, Attempt: 1, Failure: Lost}, {What: Assigned, Attempt: 2, Phase: Search}} {
		if err := play(d); err != nil {
			t.Fatal(err)
		}
	}
	if err := play(Decision{What: Started, Attempt: 2, Run: "ask", Params: Params{{"lr", .5}}}); err == nil {
		t.Error("parameters of the search are taken for a lease")
	}
	if err := play(Decision{What: Started, Attempt: 2, Run: "ask"}); err != nil || s.Trial(0).Open.Lease != (Lease{}) {
		t.Errorf("%+v, %v", s.Trial(0).Open.Lease, err)
	}
}
