package schedulers

import "testing"

func TestOdds(t *testing.T) {
	for p, want := range map[float64]string{0: "less than 0.1%", 4e-65: "less than 0.1%", 0.001: "0.1%", 0.0213: "2.1%", 0.3: "30%", 0.98: "98%", 0.999: "more than 99%", 1: "more than 99%"} {
		if got := odds(p); got != want {
			t.Errorf("%v is %q, want %q", p, got, want)
		}
	}
}
