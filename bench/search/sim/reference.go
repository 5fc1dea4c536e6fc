package sim

import (
	"fmt"
	"math"
	"slices"

	"automl/bench/search/cpython"
	"automl/bench/search/suite"
	"automl/trial"
)

// reference is what the searches of the Python harness have in common: they draw configurations at random, from the candidates
// where there are any; a free one from the space.
type reference struct {
	problem Problem
	random  *cpython.Random
	anyhow  bool
	order   []trial.Params // candidates left, the next one last
	limited bool           // only candidates
	params  []trial.Params
	epochs  []int     // finished, of each trial
	value   []float64 // last value, larger is better
}

func newReference(p Problem, anyhow bool) *reference {
	r := &reference{problem: p, anyhow: anyhow,
		random: cpython.FromText(fmt.Sprintf("%s/%s/%d", p.Task.Suite, p.Task.Name, p.Seed))}
	if p.Task.Space.Candidates != nil && !anyhow {
		r.limited, r.order = true, slices.Clone(p.Task.Space.Candidates)
		r.random.Shuffle(len(r.order), func(i, j int) { r.order[i], r.order[j] = r.order[j], r.order[i] })
	}
	return r
}

func (r *reference) free() bool { return r.anyhow }

// start is the number of a new trial; false when the candidates are used up.
func (r *reference) start() (int, bool) {
	var p trial.Params
	switch {
	case !r.limited:
		p = suite.Draw(r.problem.Task.Space, r.random)
	case len(r.order) == 0:
		return 0, false
	default:
		p, r.order = r.order[len(r.order)-1], r.order[:len(r.order)-1]
	}
	r.params, r.epochs, r.value = append(r.params, p), append(r.epochs, 0), append(r.value, math.Inf(-1))
	return len(r.params) - 1, true
}

func (r *reference) job(number, to int) Job {
	return Job{Trial: number, Params: r.params[number], From: r.epochs[number], To: to}
}

// Tell notes the value and never stops a trial.
func (r *reference) Tell(number, epoch int, value, _ float64) trial.Verb {
	r.epochs[number], r.value[number] = epoch, r.problem.Task.Sign()*value
	return trial.Continue
}

// better orders trials by their last value, the best first.
func (r *reference) better(a, b int) int {
	switch {
	case r.value[a] > r.value[b]:
		return -1
	case r.value[a] < r.value[b]:
		return 1
	}
	return 0
}

// randomSearch trains every trial in full.
type randomSearch struct{ *reference }

// Ask starts a trial.
func (s randomSearch) Ask() (Job, Answer) {
	number, ok := s.start()
	if !ok {
		return Job{}, Wait
	}
	return s.job(number, s.problem.Task.Epochs), Work
}

// screened is how many configurations one_epoch looks at in one round.
const screened = 100

// oneEpoch trains 100 configurations for one epoch, then the best first to the end; then the next 100.
type oneEpoch struct {
	*reference
	left    int
	waiting map[int]bool
	ready   []int
}

func newOneEpoch(p Problem) *oneEpoch {
	return &oneEpoch{reference: newReference(p, false), left: screened, waiting: map[int]bool{}}
}

// Ask screens, then trains the best.
func (s *oneEpoch) Ask() (Job, Answer) {
	for {
		if s.left > 0 {
			s.left--
			if number, ok := s.start(); ok {
				s.waiting[number] = true
				return s.job(number, 1), Work
			}
			s.left = 0
		}
		if len(s.ready) > 0 {
			best := slices.MinFunc(s.ready, s.better)
			s.ready = slices.DeleteFunc(s.ready, func(n int) bool { return n == best })
			return s.job(best, s.problem.Task.Epochs), Work
		}
		if len(s.waiting) > 0 || s.limited && len(s.order) == 0 {
			return Job{}, Wait
		}
		s.left = screened
	}
}

// Tell notes the value of the first epoch.
func (s *oneEpoch) Tell(number, epoch int, value, seconds float64) trial.Verb {
	if s.waiting[number] {
		delete(s.waiting, number)
		if epoch < s.problem.Task.Epochs {
			s.ready = append(s.ready, number)
		}
	}
	return s.reference.Tell(number, epoch, value, seconds)
}
