package schedulers

import "automl/trial"

// halving is one or more brackets of asynchronous successive halving: fifo is a bracket of one rung, asha is one bracket,
// hyperband several.
type halving struct {
	name     string
	budget   int // trials in total but for the probe, 0: no limit
	state    *trial.State
	rungs    int // of the ladder
	brackets []*bracket
	aside    *bracket    // of the probe, which is trained in full without being compared with anything
	trials   []*standing // by number
	draining bool
	over     int // trials that are over
	plan     Plan
}

var _ Scheduler = (*halving)(nil)

func newFIFO(c Config, s *trial.State) *halving {
	return newHalving(c, s, Ladder{s.Study.Shape.Full()}, []int{1})
}

func newASHA(c Config, s *trial.State) *halving {
	l := NewLadder(s.Study.Shape, c.Grace, c.Eta)
	return newHalving(c, s, l, hyperbandSizes(len(l), c.Eta)[:1])
}

func newHyperband(c Config, s *trial.State) *halving {
	l := NewLadder(s.Study.Shape, c.Grace, c.Eta)
	round := hyperbandSizes(len(l), c.Eta)
	if c.Brackets > 0 && c.Brackets < len(round) {
		round = round[:c.Brackets]
	}
	return newHalving(c, s, l, round)
}

// newHalving makes one bracket for each element of round, which is how many trials it starts in one round of an unlimited
// search; a budget is split in the same proportion. Bracket b starts at rung b.
func newHalving(c Config, s *trial.State, l Ladder, round []int) *halving {
	h := &halving{name: c.Type, budget: c.Trials, state: s, rungs: len(l)}
	h.aside = newBracket(Ladder{s.Study.Shape.Full()}, 0, c.Eta, s.Study)
	shares := round
	if c.Trials > 0 {
		shares = apportion(round, c.Trials)
	}
	h.plan.Repeats = c.Trials == 0
	for i, share := range shares {
		b := newBracket(l, i, c.Eta, s.Study)
		b.share = share
		h.brackets = append(h.brackets, b)
		if share > 0 {
			h.plan.add(b, sizes(share, len(b.rungs), c.Eta))
		}
	}
	h.resize()
	for _, b := range h.brackets {
		b.refresh()
	}
	return h
}

// open tells whether new trials may still be started.
func (h *halving) open() bool { return !h.draining && (h.budget == 0 || h.ranked() < h.budget) }

// ranked is how many trials were started that are compared with each other.
func (h *halving) ranked() int { return len(h.trials) - h.aside.started }

// resize tells every bracket how many trials it will have in the end. A bracket may have more than its share when the record
// was made with another budget.
func (h *halving) resize() {
	for _, b := range h.brackets {
		switch {
		case !h.open():
			b.resize(b.started)
		case h.budget == 0:
			b.resize(unlimited)
		default:
			b.resize(max(b.share, b.started))
		}
	}
}

func (h *halving) Plan() Plan { return h.plan }

func (h *halving) Apply(e trial.Event) {
	switch {
	case e.Report != nil:
		if s := h.standing(e.Report.Trial); s != nil && !s.over {
			s.bracket.arrive(s)
		}
	case e.Decision != nil:
		h.decided(*e.Decision)
	}
	for _, b := range h.brackets {
		b.settle(h.standing)
	}
}

func (h *halving) decided(d trial.Decision) {
	switch d.What {
	case trial.Sampled:
		t := h.state.Trial(d.Trial)
		b := h.bracket(d.Bracket)
		if t.Origin == trial.FromProbe {
			b = h.aside
		}
		h.trials = append(h.trials, b.enter(t))
		h.resize()
		return
	case trial.Moved:
		if d.Study == trial.StudyRunning || d.Study == trial.StudyDraining {
			h.draining = d.Study == trial.StudyDraining
			h.resize()
		}
		return
	}
	s := h.standing(d.Trial)
	if s == nil {
		return
	}
	switch d.What {
	case trial.Promoted:
		s.bracket.advance(s)
	case trial.Completed, trial.Pruned, trial.Failed:
		s.bracket.end(s, d.What)
		h.over++
	}
}

// bracket finds a bracket by its number; the first when there is none, as in a record made with more brackets.
func (h *halving) bracket(number int) *bracket {
	if number < 1 || number > len(h.brackets) {
		return h.brackets[0]
	}
	return h.brackets[number-1]
}

func (h *halving) standing(number int) *standing {
	if number < 0 || number >= len(h.trials) {
		return nil
	}
	return h.trials[number]
}

func (h *halving) Target(number int) trial.Resource {
	s := h.standing(number)
	switch {
	case s == nil:
		return trial.Resource{}
	case s.full:
		return s.bracket.shape.Full()
	}
	return s.bracket.rungs[s.rung].at
}
