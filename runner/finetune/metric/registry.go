package metric

import (
	"math"
	"slices"

	"automl/trial"
)

// Family is a kind of prediction.
type Family string

// The families.
const (
	Classes Family = "classification" // a row has one of several classes
	Labels  Family = "multi-label"    // a row has any number of labels
	Numbers Family = "regression"     // a row has a number
	Tokens  Family = "generation"     // a row is a text whose next tokens are predicted
)

// Metric is an entry of the registry.
type Metric struct {
	Name    string // "f1_weighted"; reports put "val_" or "test_" before it
	Goal    trial.Goal
	Meaning string   // one line, with the range
	Grouped bool     // only there when rows have groups
	Also    []string // what others call it
}

// entry is a metric and how rows of type T have it computed.
type entry[T any] struct {
	Metric
	of func(T) float64
}

// For lists the metrics of a family in the order of reports; with groups, those too that compare groups of rows.
func For(f Family, groups bool) []Metric {
	switch f {
	case Classes:
		return list(classified, groups)
	case Labels:
		return list(labelled, groups)
	case Numbers:
		return list(predicted, groups)
	case Tokens:
		return list(predicting, groups)
	}
	return nil
}

func list[T any](entries []entry[T], groups bool) []Metric {
	var out []Metric
	for _, e := range entries {
		if groups || !e.Grouped {
			out = append(out, e.Metric)
		}
	}
	return out
}

// measure computes the entries, those of groups only where there are some.
func measure[T any](entries []entry[T], rows T, n int, groups bool) trial.Metrics {
	var out trial.Metrics
	for _, e := range entries {
		if e.Grouped && !groups {
			continue
		}
		value := math.NaN()
		if n > 0 {
			value = e.of(rows)
		}
		out = append(out, trial.Metric{Name: e.Name, Value: value})
	}
	return out
}

// Find returns the metric of that name among some.
func Find(name string, among []Metric) (Metric, bool) {
	i := slices.IndexFunc(among, func(m Metric) bool { return m.Name == name })
	if i < 0 {
		return Metric{}, false
	}
	return among[i], true
}
