package search_test

import (
	"testing"

	"automl/search"
	"automl/search/searchtest"
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
