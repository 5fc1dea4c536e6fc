package suite

import (
	"fmt"
	"math"
	"math/rand/v2"

	"automl/bench/search/cpython"
	"automl/search"
	"automl/trial"
)

// madeEpochs is the epochs of the tasks made up here.
const madeEpochs = 27

// problem is a made-up task: the loss that training a configuration approaches, and how fast.
type problem struct {
	suite, name string
	space       []search.Parameter
	best        float64                        // the least loss there is
	loss        func(p trial.Params) float64   // after infinitely many epochs
	gap         float64                        // how much higher the loss is before training
	rate        func(p trial.Params) float64   // an epoch leaves exp(-rate) of the gap
	noise       float64                        // standard deviation of what each epoch adds to the loss
	seconds     func(p trial.Params) float64   // of an epoch; nil: not known
	chance      func(r *rand.Rand) (v float64) // instead of all that, every value is drawn
}

// made is a source of tasks that need no files.
func made(makers ...func() problem) source {
	return source{
		names: func(string) ([]string, error) {
			var out []string
			for _, m := range makers {
				out = append(out, m().name)
			}
			return out, nil
		},
		load: func(_, name string) (*Task, error) {
			for _, m := range makers {
				if p := m(); p.name == name {
					return p.task(), nil
				}
			}
			return nil, fmt.Errorf("there is no task %q", name)
		},
	}
}

// task turns a problem into a task. The worst value is that of a random sample at the first epoch, without noise.
func (b problem) task() *Task {
	t := &Task{Suite: b.suite, Name: b.name, Space: search.Space{Parameters: b.space}, Epochs: madeEpochs, Best: b.best,
		Worst: b.best, Objective: trial.Objective{Metric: "loss", Goal: trial.Minimize}}
	if b.chance != nil {
		t.Best, t.Worst = 0, 1
	} else {
		t.truth = b.at
		for r, i := cpython.FromText(b.suite+"/"+b.name), 0; i < 2000; i++ {
			t.Worst = max(t.Worst, b.at(Draw(t.Space, r), 1))
		}
	}
	t.query = func(p trial.Params, seed int64) (Curve, error) { return b.curve(p, seed), nil }
	return t
}

// at is the loss after an epoch, without noise.
func (b problem) at(p trial.Params, epoch int) float64 {
	left := 0.0
	if b.gap > 0 {
		left = b.gap * math.Exp(-b.rate(p)*float64(epoch))
	}
	return b.loss(p) + left
}

func (b problem) curve(p trial.Params, seed int64) Curve {
	r := rand.New(rand.NewPCG(uint64(seed), 0x6d616465))
	c := recorded{values: make([]float64, madeEpochs)}
	for i := range c.values {
		if b.chance != nil {
			c.values[i] = b.chance(r)
			continue
		}
		c.values[i] = b.at(p, i+1)
		if b.noise > 0 {
			c.values[i] += b.noise * r.NormFloat64()
		}
	}
	if b.seconds != nil {
		c.seconds = make([]float64, madeEpochs)
		for i := range c.seconds {
			c.seconds[i] = b.seconds(p)
		}
	}
	return c
}

func uniform(name string, low, high float64) search.Parameter {
	return search.Parameter{Name: name, Kind: search.Float, Low: low, High: high}
}

func logUniform(name string, low, high float64) search.Parameter {
	return search.Parameter{Name: name, Kind: search.Float, Low: low, High: high, Log: true}
}

func square(x float64) float64 { return x * x }
