package daemon

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
	"automl/trial/view"
)

// Enqueue adds trials with given configurations to a study, all of them or none. They wait, in the given order, and run before
// anything that is proposed. What a configuration leaves out is drawn, the same for the same configuration; one that the study
// has already is not added again, so that asking twice changes nothing. It returns once they are recorded.
func (d *Daemon) Enqueue(ctx context.Context, study string, points []trial.Params) (out []view.Enqueued, err error) {
	err = d.control(ctx, study, func(c *core) error {
		out, err = c.enqueue(points)
		return err
	})
	return out, err
}

func (c *core) enqueue(points []trial.Params) ([]view.Enqueued, error) {
	full, err := c.complete(points)
	if err != nil {
		return nil, err
	}
	own := c.own() // those of the sweep come first
	next := len(c.state.Trials) + len(own)
	identify := c.spec.Space.Identify()
	known := map[string]int{}
	for i := next - 1; i >= 0; i-- { // of equal ones the first counts
		if t := c.state.Trial(i); t != nil {
			known[identify(t.Params)] = i
		} else {
			known[identify(own[i-len(c.state.Trials)].params)] = i
		}
	}
	out := make([]view.Enqueued, len(full))
	for i, p := range full {
		id := identify(p)
		number, twice := known[id]
		if !twice {
			number, known[id] = next, next
			next++
		}
		out[i] = view.Enqueued{Trial: number, New: !twice, Params: p}
	}
	return out, c.admit(own, out, next)
}

// complete fills in what configurations leave out. What is drawn follows from the study's seed and the configuration; where the
// same gaps stand several times in one list, each is drawn for itself.
func (c *core) complete(points []trial.Params) ([]trial.Params, error) {
	if len(points) == 0 {
		return nil, trial.Errorf(trial.Invalid, "there is no configuration to enqueue").WithHint(enqueueHint)
	}
	out, seen := make([]trial.Params, len(points)), map[string]int{}
	for i, p := range points {
		text, err := p.MarshalJSON()
		if err == nil {
			h := fnv.New64a()
			_, _ = fmt.Fprintf(h, "%d %s", seen[string(text)], text) // a hash takes everything
			seen[string(text)]++
			out[i], err = c.spec.Space.Fill(p, search.Source(c.spec.Study.Seed, int(h.Sum64()>>1)))
		}
		if err != nil {
			return nil, c.misfit(i, len(points), err)
		}
	}
	return out, nil
}

const enqueueHint = `give the value of at least one parameter, such as {"lr": 5e-5}`

// misfit says what is wrong with a configuration.
func (c *core) misfit(i, n int, err error) error {
	where := "the configuration"
	if n > 1 {
		where = fmt.Sprintf("configuration %d of %d", i+1, n)
	}
	e := &trial.Error{Code: trial.Invalid, Msg: where, Err: err}
	var p *search.ParameterError
	if !errors.As(err, &p) {
		return e
	}
	e.Hint = p.Hint
	if p.Field == "name" && e.Hint == "" {
		var names []string
		for _, q := range c.spec.Space.Parameters {
			names = append(names, q.Name)
		}
		e.Hint = "the parameters are " + strings.Join(names, ", ")
	}
	return e
}

// admit records the trials that are new, next being the number after the last of them, if the study takes any.
func (c *core) admit(own []given, points []view.Enqueued, next int) error {
	if !slices.ContainsFunc(points, func(e view.Enqueued) bool { return e.New }) {
		return nil
	}
	name, budget := c.spec.Study.Name, c.spec.trials()
	switch {
	case c.state.Status == trial.StudyDraining:
		return trial.Errorf(trial.Conflict, "study %s takes no new trials: %s", name, c.state.Reason)
	case budget > 0 && next > budget:
		room := budget - len(c.state.Trials) - len(own)
		return trial.Errorf(trial.Conflict, "study %s has a budget of %d trials, which leaves room for %d more", name, budget, max(room, 0))
	}
	for _, g := range own {
		c.wait(g)
	}
	for _, e := range points {
		if e.New {
			c.wait(given{e.Params, trial.FromUser})
		}
	}
	return nil
}

// wait makes a trial that waits for a slot.
func (c *core) wait(g given) {
	bracket := 1
	if s, ok := c.sched.Next().(schedulers.Start); ok {
		bracket = s.Bracket
	}
	c.decide(g.decision(len(c.state.Trials), bracket, "enqueued"))
}
