package sim

import (
	"container/heap"
	"fmt"
	"math"
	"time"

	"automl/bench/search/suite"
	"automl/trial"
)

// Why a run ended.
const (
	Spent     = "budget"              // the largest budget is spent
	Done      = "study over"          // the optimizer said so
	Exhausted = "no candidates left"  // all candidates were trained
	Idle      = "nothing left to try" // nothing runs and the optimizer waits
)

// Point is a step of the incumbent: after so many epochs and simulated seconds it is worth so much.
type Point struct {
	Epochs  int
	Seconds float64
	Score   float64
}

// Result is one run.
type Result struct {
	Trace      []Point
	Epochs     int
	Trials     int
	Seconds    float64
	Ended      string
	Ask, Tell  []time.Duration // how long the optimizer took
	BestParams trial.Params
	BestValue  float64
}

// At is the score of the incumbent after so many epochs; false before there is one.
func (r *Result) At(epochs int) (float64, bool) {
	score, found := 0.0, false
	for _, p := range r.Trace {
		if p.Epochs > epochs {
			break
		}
		score, found = p.Score, true
	}
	return score, found
}

// Regrets is the regret at each budget of the task; 1 while there is no incumbent.
func (r *Result) Regrets(t *suite.Task) []float64 {
	var out []float64
	for _, b := range t.Budgets() {
		regret := 1.0
		if score, ok := r.At(b); ok {
			regret = t.Regret(score)
		}
		out = append(out, regret)
	}
	return out
}

// Run plays one search until so many epochs are spent or nothing is left to do.
func Run(p Problem, m Maker, epochs int) (*Result, error) {
	o, err := m(p)
	if err != nil {
		return nil, err
	}
	g := &game{problem: p, task: p.Task, optimizer: o, total: epochs, idle: p.Workers, result: &Result{Ended: Spent}}
	g.best = math.Inf(-1)
	if f, ok := o.(free); ok && f.free() && p.Task.Space.Candidates != nil {
		g.nearest = suite.NewNearest(p.Task)
	}
	if err := g.play(); err != nil {
		return nil, fmt.Errorf("%s/%s, seed %d: %w", p.Task.Suite, p.Task.Name, p.Seed, err)
	}
	return g.result, nil
}

// game is a run while it is played.
type game struct {
	problem   Problem
	task      *suite.Task
	optimizer Optimizer
	nearest   *suite.Nearest
	total     int
	result    *Result
	best      float64 // of the incumbent, larger is better

	trials map[int]*training
	queue  queue
	seq    int
	idle   int // workers
	closed bool
}

// training is a trial that was handed out.
type training struct {
	params trial.Params
	curve  suite.Curve
	done   int // epochs
	to     int // of its job
}

func (g *game) play() error {
	g.trials = map[int]*training{}
	if err := g.fill(); err != nil {
		return err
	}
	for len(g.queue) > 0 && g.result.Epochs < g.total {
		e := heap.Pop(&g.queue).(event)
		g.result.Seconds = e.due
		g.step(e.number)
		if g.closed || g.result.Epochs >= g.total {
			continue
		}
		if err := g.fill(); err != nil {
			return err
		}
	}
	if f, ok := g.optimizer.(fallible); ok && f.err() != nil {
		return f.err()
	}
	if g.result.Epochs < g.total && g.result.Ended == Spent {
		g.result.Ended = Idle
	}
	return nil
}

// fill gives every idle worker a job, as long as there are any.
func (g *game) fill() error {
	for g.idle > 0 {
		start := time.Now()
		job, answer := g.optimizer.Ask()
		g.result.Ask = append(g.result.Ask, time.Since(start))
		if answer == Wait {
			return nil
		}
		if answer == Over {
			g.end(Done)
			return nil
		}
		t, err := g.training(job)
		if err != nil || t == nil {
			return err
		}
		if job.From != t.done || job.To <= job.From || job.To > g.task.Epochs {
			return fmt.Errorf("bad job %+v: the trial has %d of %d epochs", job, t.done, g.task.Epochs)
		}
		t.to = job.To
		g.idle--
		g.push(job.Trial)
	}
	return nil
}

// training is the trial of a job, a new one when it is not known; nil when no candidate is left for it.
func (g *game) training(job Job) (*training, error) {
	if t, known := g.trials[job.Trial]; known {
		return t, nil
	}
	params := job.Params
	if g.nearest != nil {
		var left bool
		if params, left = g.nearest.Take(params); !left {
			g.end(Exhausted)
			return nil, nil
		}
	}
	curve, err := g.task.Curve(params, g.problem.Seed*1_000_003+int64(g.result.Trials))
	if err != nil {
		return nil, err
	}
	g.result.Trials++
	t := &training{params: params, curve: curve}
	g.trials[job.Trial] = t
	return t, nil
}

func (g *game) end(why string) {
	if g.closed = true; g.result.Ended == Spent {
		g.result.Ended = why
	}
}

// push schedules the end of a trial's next epoch.
func (g *game) push(number int) {
	t := g.trials[number]
	due := g.result.Seconds
	if e := t.done + 1; e <= t.curve.Len() {
		_, seconds := t.curve.At(e)
		due += seconds
	}
	g.seq++
	heap.Push(&g.queue, event{due, g.seq, number})
}

// step ends an epoch of a trial.
func (g *game) step(number int) {
	t := g.trials[number]
	t.done++
	value, seconds := t.curve.At(min(t.done, t.curve.Len()))
	if t.done > t.curve.Len() {
		seconds = 0
	} else {
		g.count(t, value)
	}
	start := time.Now()
	verb := g.optimizer.Tell(number, t.done, value, seconds)
	g.result.Tell = append(g.result.Tell, time.Since(start))
	if verb == trial.Continue && t.done < t.to {
		g.push(number)
	} else {
		g.idle++
	}
}

// count takes an epoch off the budget, and the incumbent on when it is the best so far.
func (g *game) count(t *training, value float64) {
	r := g.result
	r.Epochs++
	if math.IsNaN(value) || math.IsInf(value, 0) || g.task.Sign()*value <= g.best {
		return
	}
	g.best = g.task.Sign() * value
	r.BestValue, r.BestParams = value, t.params
	r.Trace = append(r.Trace, Point{r.Epochs, r.Seconds, g.task.Score(t.params, t.done, value)})
}
