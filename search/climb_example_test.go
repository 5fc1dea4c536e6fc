package search_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"automl/search"
	"automl/search/searchtest"
	"automl/trial"
)

// climb is a sampler of one's own: most proposals are the best trial so far, moved a little in each number; the others are random.
// Everything it draws comes from the source, and all it knows from the state.
type climb struct {
	space  search.Space
	codec  *search.Codec
	random *search.Random // knows what has a trial, and when nothing is left
}

var _ search.Sampler = (*climb)(nil)

func newClimb(s search.Space) search.Sampler {
	return &climb{s, search.NewCodec(s), search.NewRandom(s)}
}

// Sample proposes a configuration that no trial has; search.ErrExhausted when there is none.
func (c *climb) Sample(s *trial.State, source *rand.Rand) (trial.Params, error) {
	best := s.Best() // nil before a trial is complete
	if best == nil || c.space.Candidates != nil || source.Float64() < 0.2 {
		return c.random.Sample(s, source)
	}
	for range 20 {
		if p, err := c.near(best.Params, source); err == nil && !tried(s, p) { // an error when a constraint is violated
			return p, nil
		}
	}
	return c.random.Sample(s, source)
}

// near moves the numbers that exist in a configuration; its choices stay. What comes into being by the move is drawn.
func (c *climb) near(p trial.Params, source *rand.Rand) (trial.Params, error) {
	x, err := c.codec.Encode(p)
	if err != nil {
		return nil, err
	}
	for d, dim := range c.codec.Dims() {
		switch {
		case !c.codec.Active(x, d): // the coordinates it depends on stand before it
			x[d] = search.Missing
		case math.IsNaN(x[d]):
			if x[d] = source.Float64(); dim.Choices > 0 {
				x[d] = math.Floor(x[d] * float64(dim.Choices))
			}
		case dim.Choices == 0:
			x[d] = min(max(x[d]+0.1*source.NormFloat64(), 0), 1)
		}
	}
	return c.space.Complete(c.codec.Decode(x))
}

func tried(s *trial.State, p trial.Params) bool {
	for _, t := range s.Trials {
		if t.Params.Equal(p) {
			return true
		}
	}
	return false
}

// The suite that every sampler has to pass: inside the space, never twice, pure, and exhausted when nothing is left.
func TestClimbConforms(t *testing.T) { searchtest.Run(t, newClimb) }

// A sampler of one's own in a study. To name it in a sweep file, add its type to search.Types and search.New.
func Example_samplerOfYourOwn() {
	space := search.Space{Parameters: []search.Parameter{{Name: "lr", Kind: search.Float, Low: 1e-6, High: 1, Log: true}}}
	sampler := newClimb(space)
	r := searchtest.NewRecord(7, trial.Shape{Folds: 1, Epochs: 1})
	for number := range 40 {
		p, err := sampler.Sample(r.State, search.Source(r.State.Study.Seed, number))
		if err != nil {
			panic(err)
		}
		r.Complete(p, math.Abs(math.Log10(p.Float("lr", 0))+3)) // best at 1e-3
	}
	fmt.Printf("the best learning rate of 40 is near 1e-3: %v\n", math.Abs(math.Log10(r.State.Best().Params.Float("lr", 0))+3) < 0.1)
	// Output: the best learning rate of 40 is near 1e-3: true
}
