package search_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

func TestConformance(t *testing.T) {
	for _, name := range search.Types() {
		t.Run(name, func(t *testing.T) {
			searchtest.Run(t, func(s search.Space) search.Sampler {
				sampler, err := search.New(search.Config{Type: name, Points: 100}, s)
				if err != nil {
					t.Fatal(err)
				}
				return sampler
			})
		})
	}
}

func TestConformanceSeveral(t *testing.T) {
	for _, c := range []search.Config{
		{Type: search.NSGA2Type, Objectives: 2}, {Type: search.NSGA2Type, Objectives: 4, Population: 5, Startup: 5},
		{Type: search.EHVIType, Objectives: 2}, {Type: search.EHVIType, Objectives: 3}, {Type: search.RandomType, Objectives: 2},
	} {
		t.Run(fmt.Sprintf("%s with %d", c.Type, c.Objectives), func(t *testing.T) {
			t.Parallel()
			searchtest.RunSeveral(t, c.Objectives, func(s search.Space) search.Sampler {
				sampler, err := search.New(c, s)
				if err != nil {
					t.Fatal(err)
				}
				return sampler
			})
		})
	}
}

// One objective is what tpe, gp and cmaes look at; auto finds a sampler that knows several.
func TestSeveralObjectivesNeedTheirSamplers(t *testing.T) {
	space := searchtest.Spaces()["line"]
	for _, name := range search.Types() {
		_, err := search.New(search.Config{Type: name, Objectives: 2}, space)
		if knows := slices.Contains(search.SeveralTypes(), name); (err == nil) != knows || !knows && !strings.Contains(trial.HintOf(err), "ehvi") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for dims, want := range map[int]string{2: "*search.EHVI", 100: "*search.NSGA2"} {
		sampler, err := search.New(search.Config{Objectives: 2}, cube(dims, 0, 1))
		if got := fmt.Sprintf("%T", sampler); err != nil || got != want {
			t.Errorf("auto in %d dimensions is %s, %v", dims, got, err)
		}
	}
}
