package search_test

import (
	"errors"
	"fmt"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

func TestValidateCandidates(t *testing.T) {
	good := params("batch", int64(16), "warmup", 0.05*3, "layers", int64(1), "optimizer", "adamw", "seed_words", int64(3))
	space := small
	space.Candidates = []trial.Params{good}
	if err := space.Validate(); err != nil {
		t.Error("a number with other last digits than its step gives: ", err)
	}
	for _, bad := range []trial.Params{good[1:], append(params("momentum", 0.5), good...), append(params("batch", 16.0), good[1:]...)} {
		space.Candidates = []trial.Params{good, bad}
		var e *search.CandidateError
		if err := space.Validate(); !errors.As(err, &e) || e.Index != 1 {
			t.Errorf("%v: %v", bad, err)
		}
	}
	space.Candidates = []trial.Params{}
	if err := space.Validate(); err == nil {
		t.Error("an empty list is accepted")
	}
}

func TestCandidatesOfSpace(t *testing.T) {
	space := searchtest.Candidates()
	if n, ok := space.Size(); n != 40 || !ok {
		t.Errorf("size %d, %v", n, ok)
	}
	other, err := searchtest.Spaces()["mixed"].Fill(nil, search.Source(99, 0))
	if err != nil {
		t.Fatal(err)
	}
	if space.Contains(other) == nil {
		t.Error("what is no candidate is contained")
	}
	if _, err := space.Complete(other); err == nil {
		t.Error("what is no candidate is completed")
	}
	want := space.Candidates[7]
	if got, err := space.Complete(want); err != nil || !got.Equal(want) {
		t.Errorf("%v, %v", got, err)
	}
	lr, _ := want.Get("lr")
	if got, err := space.Fill(params("lr", lr), search.Source(1, 1)); err != nil || !got.Equal(want) {
		t.Errorf("filled to %v, %v", got, err)
	}
	if _, err := space.Fill(params("lr", 0.0123), search.Source(1, 1)); err == nil {
		t.Error("no candidate has the value, but there is one")
	}
}

// The same double comes back, also where a step would round it.
func TestCandidateKeepsItsDigits(t *testing.T) {
	three := 3.0
	x := 0.1 * three // 0.30000000000000004
	space := search.Space{Parameters: []search.Parameter{{Name: "x", Kind: search.Float, High: 1, Step: 0.1}}}
	p, err := space.CandidateReader()(params("x", x))
	if err != nil {
		t.Fatal(err)
	}
	space.Candidates = []trial.Params{p}
	for _, kind := range search.Types() {
		sampler, err := search.New(search.Config{Type: kind}, space)
		if err != nil {
			t.Fatal(err)
		}
		got, err := sampler.Sample(searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 1}).State, search.Source(1, 0))
		if err != nil || got.Float("x", 0) != x {
			t.Errorf("%s: %v, %v", kind, got, err)
		}
	}
}

// TestTPEFindsGoodCandidates wants TPE to find the best of 500 candidates with a tenth of the trials.
func TestTPEFindsGoodCandidates(t *testing.T) {
	space := hidden(500)
	loss := func(p trial.Params) float64 { return (p.Float("x", 0)-0.3)*(p.Float("x", 0)-0.3) + p.Float("y", 0) }
	sum := map[string]int{}
	for _, kind := range []string{search.TPEType, search.RandomType} {
		for seed := range uint64(10) {
			r, seen := searchtest.NewRecord(seed, trial.Shape{Folds: 1, Epochs: 1}), 1.0
			sampler, _ := search.New(search.Config{Type: kind}, space)
			for i := range 50 {
				p, err := sampler.Sample(r.State, search.Source(seed, i))
				if err != nil {
					t.Fatal(err)
				}
				r.Complete(p, loss(p))
				seen = min(seen, loss(p))
			}
			for _, c := range space.Candidates {
				if loss(c) < seen {
					sum[kind]++
				}
			}
		}
	}
	t.Logf("candidates better than the best found, 10 studies together: %v", sum)
	if !(2*sum[search.TPEType] < sum[search.RandomType]) {
		t.Errorf("candidates better than the best found: %v", sum)
	}
}

func hidden(n int) search.Space {
	space := search.Space{}
	for _, name := range []string{"x", "y", "a", "b", "c", "d", "e", "f"} {
		space.Parameters = append(space.Parameters, search.Parameter{Name: name, Kind: search.Float, High: 1})
	}
	var all []trial.Params
	for i := range n {
		p, _ := space.Fill(nil, search.Source(5, i))
		all = append(all, p)
	}
	space.Candidates = all
	return space
}

// BenchmarkCandidates asks for one more trial after a hundred.
func BenchmarkCandidates(b *testing.B) {
	for _, n := range []int{1000, 30000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			space := hidden(n)
			sampler, err := search.New(search.Config{}, space)
			if err != nil {
				b.Fatal(err)
			}
			r := searchtest.NewRecord(1, trial.Shape{Folds: 1, Epochs: 1})
			for _, p := range space.Candidates[:100] {
				r.Complete(p, p.Float("x", 0))
			}
			for b.Loop() {
				if _, err := sampler.Sample(r.State, search.Source(1, 100)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
