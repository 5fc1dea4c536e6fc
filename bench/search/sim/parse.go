package sim

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"automl/schedulers"
	"automl/search"
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

// Parse makes an optimizer from its name: a reference, "auto" (the project's defaults), or SAMPLER+SCHEDULER. A sampler and a
// scheduler may be followed by settings, each after a colon: "tpe:startup=20+hyperband:grace=1:eta=4". The settings are
// startup, candidates, gamma and max_good of a sampler; eta, grace, brackets and trials of a scheduler.
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
	err := settings(first, &sampler.Type, map[string]any{"startup": &sampler.Startup, "candidates": &sampler.Candidates,
		"gamma": &sampler.Gamma, "max_good": &sampler.MaxGood})
	if err == nil {
		err = settings(second, &scheduler.Type, map[string]any{"eta": &scheduler.Eta, "grace": &scheduler.Grace,
			"brackets": &scheduler.Brackets, "trials": &scheduler.Trials})
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if err := sampler.Validate(); err != nil {
		return nil, err
	}
	if !slices.Contains(schedulers.Types(), scheduler.Type) {
		return nil, fmt.Errorf("there is no scheduler %q; there are %s", scheduler.Type, strings.Join(schedulers.Types(), ", "))
	}
	return func(p Problem) (Optimizer, error) { return newEngine(p, sampler, scheduler) }, nil
}

// settings reads TYPE[:NAME=NUMBER]... into a type and the fields of its settings.
func settings(text string, kind *string, fields map[string]any) error {
	parts := strings.Split(text, ":")
	*kind = parts[0]
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		var err error
		switch field := fields[name].(type) {
		case *int:
			*field, err = strconv.Atoi(value)
		case *float64:
			*field, err = strconv.ParseFloat(value, 64)
		default:
			err = fmt.Errorf("there is no setting %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		if err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return nil
}
