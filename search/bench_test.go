package search_test

import (
	"fmt"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// BenchmarkSample asks for one more trial after many that ran three folds of ten epochs, one of them new since the last time.
func BenchmarkSample(b *testing.B) {
	p := fineTuning()
	for _, kind := range []string{search.RandomType, search.TPEType, search.GPType, search.SobolType, search.GridType, search.CMAESType} {
		for _, n := range []int{100, 1000, 10000} {
			b.Run(fmt.Sprintf("%s/trials=%d", kind, n), func(b *testing.B) {
				sampler, err := search.New(search.Config{Type: kind}, p.space)
				if err != nil {
					b.Fatal(err)
				}
				r := searchtest.NewRecord(1, trial.Shape{Folds: 3, Epochs: 10})
				for i := range n {
					params, _ := p.space.Fill(nil, search.Source(1, i))
					r.Complete(params, p.loss(params))
				}
				first, err := sampler.Sample(r.State, search.Source(1, n))
				if err != nil {
					b.Fatal(err)
				}
				r.Add(first)
				for i := 0; b.Loop(); i++ {
					if _, err := sampler.Sample(r.State, search.Source(1, n+i)); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkFirstSample is the same for a sampler that has not seen the study before: after a restart.
func BenchmarkFirstSample(b *testing.B) {
	p := fineTuning()
	r := searchtest.NewRecord(1, trial.Shape{Folds: 3, Epochs: 10})
	for i := range 10000 {
		params, _ := p.space.Fill(nil, search.Source(1, i))
		r.Complete(params, p.loss(params))
	}
	for b.Loop() {
		sampler, _ := search.New(search.Config{}, p.space)
		if _, err := sampler.Sample(r.State, search.Source(1, 10000)); err != nil {
			b.Fatal(err)
		}
	}
}
