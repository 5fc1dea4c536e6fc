package configs

import (
	"os"
	"strings"
	"testing"
)

// TestMethodOptions reads the options of single types, and refuses them with other types.
func TestMethodOptions(t *testing.T) {
	s := parsed(t, "sampler: {type: grid, points: 7}\nscheduler: {type: median, startup: 8}\n")
	if s.Sampler.Type != "grid" || s.Sampler.Points != 7 || s.Scheduler.Type != "median" || s.Scheduler.Startup != 8 {
		t.Errorf("sampler %+v, scheduler %+v", s.Sampler, s.Scheduler)
	}
	again(t, s)
	if s := parsed(t, "scheduler: {type: pasha, eta: 2, percentile: 75.5}\n"); s.Scheduler.Type != "pasha" || s.Scheduler.Eta != 2 || s.Scheduler.Percentile != 75.5 {
		t.Errorf("scheduler %+v", s.Scheduler)
	}
	for _, name := range []string{"sobol", "cmaes"} {
		if s := parsed(t, "sampler: "+name+"\n"); s.Sampler.Type != name {
			t.Errorf("%s: %+v", name, s.Sampler)
		}
	}
	data, err := os.ReadFile("testdata/good/minimal.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for more, hint := range map[string]string{
		"sampler: {type: sobol, points: 7}\n":         "points goes with type grid",
		"sampler: {type: cmaes, startup: 7}\n":        "startup goes with type tpe",
		"scheduler: {type: asha, startup: 7}\n":       "startup goes with type median",
		"scheduler: {type: median, eta: 3}\n":         "eta goes with type",
		"scheduler: {type: asha, percentile: 90}\n":   "percentile goes with type pasha",
		"scheduler: {type: pasha, percentile: 0}\n":   "",
		"scheduler: {type: pasha, percentile: 101}\n": "",
		"sampler: {type: grid, points: 0}\n":          "",
		"scheduler: {type: median, startup: -1}\n":    "",
		"sampler: {type: grid, points: 1000000000}\n": "",
	} {
		if _, err := Parse("minimal.yaml", append(data[:len(data):len(data)], more...), ""); err == nil || !strings.Contains(err.Error(), hint) {
			t.Errorf("%q: %v", more, err)
		}
	}
}
