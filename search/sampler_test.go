package search_test

import (
	"errors"
	"testing"

	"automl/search"
	"automl/trial"
)

func TestNewRefuses(t *testing.T) {
	for _, cfg := range []search.Config{{Type: "magic"}, {Startup: -1}, {Candidates: -1}, {MaxGood: -1}, {Gamma: 1}, {Gamma: -0.1},
		{Points: -1}, {Points: 1001}} {
		if _, err := search.New(cfg, small); trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%+v: %v", cfg, err)
		}
	}
	var e *search.ParameterError
	if _, err := search.New(search.Config{}, search.Space{Parameters: []search.Parameter{{Name: "x"}}}); !errors.As(err, &e) {
		t.Errorf("an invalid space: %v", err)
	}
}

func TestTypes(t *testing.T) {
	for _, name := range search.Types() {
		if _, err := search.New(search.Config{Type: name}, small); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
