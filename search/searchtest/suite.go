package searchtest

import (
	"errors"
	"math"
	"slices"
	"testing"

	"automl/search"
	"automl/trial"
)

// Run checks a sampler against the duties of search.Sampler. The function makes a new one for a valid space.
func Run(t *testing.T, newSampler func(search.Space) search.Sampler) { run(t, 1, newSampler) }

// RunSeveral is Run in studies of so many objectives.
func RunSeveral(t *testing.T, objectives int, newSampler func(search.Space) search.Sampler) {
	run(t, objectives, newSampler)
}

func run(t *testing.T, objectives int, newSampler func(search.Space) search.Sampler) {
	for name, space := range Spaces() {
		t.Run(name, func(t *testing.T) {
			t.Run("inside", func(t *testing.T) { testInside(t, space, objectives, newSampler) })
			t.Run("deterministic", func(t *testing.T) { testDeterministic(t, space, objectives, newSampler) })
			t.Run("parallel", func(t *testing.T) { testParallel(t, space, objectives, newSampler) })
			t.Run("failures", func(t *testing.T) { testFailures(t, space, objectives, newSampler) })
		})
	}
	t.Run("constant", func(t *testing.T) { testExhausts(t, Constant(), 1, objectives, newSampler) })
	t.Run("finite", func(t *testing.T) { testExhausts(t, Finite(), 23, objectives, newSampler) })
	t.Run("candidates", func(t *testing.T) { testExhausts(t, Candidates(), 40, objectives, newSampler) })
	t.Run("constrained finite", func(t *testing.T) { testExhausts(t, ConstrainedFinite(), 62, objectives, newSampler) })
	t.Run("constrained candidates", func(t *testing.T) { testExhausts(t, ConstrainedCandidates(), 2, objectives, newSampler) })
	t.Run("switched", func(t *testing.T) { testSwitched(t, objectives, newSampler) })
}

// shape is the ladder of the suite's studies.
var shape = trial.Shape{Folds: 2, Epochs: 3}

// propose asks for the next trial and checks what comes: inside the space and new.
func propose(t *testing.T, space search.Space, s search.Sampler, r *Record) trial.Params {
	t.Helper()
	number := len(r.State.Trials)
	p, err := s.Sample(r.State, search.Source(r.State.Study.Seed, number))
	if err != nil {
		t.Fatalf("trial %d: %v", number, err)
	}
	if err := space.Contains(p); err != nil {
		t.Fatalf("trial %d proposes %v, outside the space: %v", number, p, err)
	}
	for _, other := range r.State.Trials {
		if other.Params.Equal(p) {
			t.Fatalf("trial %d repeats trial %d: %v", number, other.Number, p)
		}
	}
	return p
}

// score is some value of a configuration that favours low coordinates.
func score(codec *search.Codec, p trial.Params) float64 {
	x, err := codec.Encode(p)
	if err != nil {
		panic(err)
	}
	sum := 0.0
	for _, v := range x {
		if !math.IsNaN(v) {
			sum += v
		}
	}
	return sum
}

// scores is a value of a configuration for each objective: they want low coordinates, high ones, low ones, ...
func scores(r *Record, codec *search.Codec, p trial.Params) []float64 {
	out := []float64{score(codec, p)}
	for i := range r.State.Study.Others {
		out = append(out, float64(2*(i%2)-1)*out[0]*float64(i+1))
	}
	return out
}

func testInside(t *testing.T, space search.Space, objectives int, newSampler func(search.Space) search.Sampler) {
	sampler, codec := newSampler(space), search.NewCodec(space)
	r := NewSeveral(1, shape, objectives)
	for range 60 {
		p := propose(t, space, sampler, r)
		r.Complete(p, scores(r, codec, p)...)
	}
}

// testDeterministic plays a study twice, once with a sampler that sees only the end of it.
func testDeterministic(t *testing.T, space search.Space, objectives int, newSampler func(search.Space) search.Sampler) {
	codec := search.NewCodec(space)
	first, second := newSampler(space), newSampler(space)
	a, b := NewSeveral(7, shape, objectives), NewSeveral(7, shape, objectives)
	for range 30 {
		p := propose(t, space, first, a)
		a.Complete(p, scores(a, codec, p)...)
		b.Complete(p, scores(b, codec, p)...)
	}
	p := propose(t, space, first, a)
	for range 2 {
		if q := propose(t, space, second, b); !q.Equal(p) {
			t.Fatalf("the same seed and record give %v and %v", p, q)
		}
	}
}

// testParallel asks many times before anything is known.
func testParallel(t *testing.T, space search.Space, objectives int, newSampler func(search.Space) search.Sampler) {
	sampler, codec := newSampler(space), search.NewCodec(space)
	r := NewSeveral(3, shape, objectives)
	for range 15 {
		r.Start(r.Add(propose(t, space, sampler, r)))
	}
	for n := range 15 {
		r.Report(n, scores(r, codec, r.State.Trial(n).Params)...)
	}
	for n := range 15 {
		r.End(n, []trial.What{trial.Paused, trial.Pruned, trial.Failed}[n%3])
	}
	for range 15 {
		r.Add(propose(t, space, sampler, r))
	}
}

// testFailures survives trials that have no value, or none that is finite.
func testFailures(t *testing.T, space search.Space, objectives int, newSampler func(search.Space) search.Sampler) {
	sampler := newSampler(space)
	r := NewSeveral(5, shape, objectives)
	for i := range 45 {
		n := r.Add(propose(t, space, sampler, r))
		r.Start(n)
		if i%2 == 0 {
			bad := []float64{math.NaN(), math.Inf(1), math.Inf(-1)}[i%3]
			r.Report(n, slices.Repeat([]float64{bad}, objectives)...)
		}
		r.End(n, []trial.What{trial.Failed, trial.Pruned, trial.Paused}[i%3])
	}
}

// testExhausts wants every configuration once and then search.ErrExhausted, again and again.
func testExhausts(t *testing.T, space search.Space, size, objectives int, newSampler func(search.Space) search.Sampler) {
	sampler, codec := newSampler(space), search.NewCodec(space)
	r := NewSeveral(2, shape, objectives)
	for range size {
		p := propose(t, space, sampler, r)
		r.Complete(p, scores(r, codec, p)...)
	}
	for range 2 {
		p, err := sampler.Sample(r.State, search.Source(2, size))
		if !errors.Is(err, search.ErrExhausted) {
			t.Fatalf("after all %d configurations: %v, %v", size, p, err)
		}
	}
}

// testSwitched shows one sampler two studies in turn: what it remembers of one must not reach the other.
func testSwitched(t *testing.T, objectives int, newSampler func(search.Space) search.Sampler) {
	space := Spaces()["mixed"]
	shared, codec := newSampler(space), search.NewCodec(space)
	records := []*Record{NewSeveral(1, shape, objectives), NewSeveral(2, shape, objectives)}
	for i := range 40 {
		r := records[i/3%2]
		p := propose(t, space, shared, r)
		if q := propose(t, space, newSampler(space), r); !q.Equal(p) {
			t.Fatalf("a sampler that has seen another study proposes %v, a new one %v", p, q)
		}
		r.Complete(p, scores(r, codec, p)...)
	}
}
