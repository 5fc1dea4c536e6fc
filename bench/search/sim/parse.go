package sim

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// references are the searches of the Python harness. A _nearest one samples the space and is given the nearest candidate: what a
// search that knows no candidates is to be compared with.
var references = map[string]Maker{
	"random":            func(p Problem) (Optimizer, error) { return randomSearch{newReference(p, false)}, nil },
	"random_nearest":    func(p Problem) (Optimizer, error) { return randomSearch{newReference(p, true)}, nil },
	"one_epoch":         func(p Problem) (Optimizer, error) { return newOneEpoch(p), nil },
	"hyperband":         func(p Problem) (Optimizer, error) { return newHyperband(p, false), nil },
	"hyperband_nearest": func(p Problem) (Optimizer, error) { return newHyperband(p, true), nil },
	"asha":              func(p Problem) (Optimizer, error) { return newASHA(p, false), nil },
	"asha_nearest":      func(p Problem) (Optimizer, error) { return newASHA(p, true), nil },
}

// References lists the searches of the Python harness.
func References() []string { return slices.Sorted(maps.Keys(references)) }

// Standard lists the searches of a whole table: auto, each sampler and each scheduler with the other one left to auto, and the
// references.
func Standard() []string {
	out := []string{"auto"}
	for _, s := range search.Types() {
		if s != search.AutoType {
			out = append(out, s+"+"+schedulers.Auto)
		}
	}
	for _, s := range schedulers.Types() {
		if s != schedulers.Auto {
			out = append(out, search.AutoType+"+"+s)
		}
	}
	return append(out, References()...)
}

// Parse makes an optimizer from its name: a reference, "auto" (the project's defaults), or SAMPLER+SCHEDULER. A sampler and a
// scheduler may be followed by settings, each after a colon: "tpe:startup=20+hyperband:grace=1:eta=4". The settings are the
// fields of search.Config and schedulers.Config, spelled as in a sweep file.
func Parse(name string) (Maker, error) {
	if m, known := references[name]; known {
		return m, nil
	}
	if name == "auto" {
		name = "auto+auto"
	}
	first, second, both := strings.Cut(name, "+")
	if !both {
		return nil, fmt.Errorf("%q is neither auto, SAMPLER+SCHEDULER nor one of %s", name, strings.Join(References(), ", "))
	}
	var sampler search.Config
	var scheduler schedulers.Config
	if err := settings(first, &sampler); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := settings(second, &scheduler); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := sampler.Validate(); err != nil {
		return nil, err
	}
	if !slices.Contains(schedulers.Types(), scheduler.Type) {
		return nil, fmt.Errorf("there is no scheduler %q; there are %s", scheduler.Type, strings.Join(schedulers.Types(), ", "))
	}
	if _, err := scheduler.Resolve(trial.Study{Shape: trial.Shape{Folds: 1, Epochs: 1}}); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return func(p Problem) (Optimizer, error) { return newEngine(p, sampler, scheduler) }, nil
}
