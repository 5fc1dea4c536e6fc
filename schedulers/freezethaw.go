package schedulers

import (
	"fmt"
	"math"

	"automl/trial"
)

// Forecaster says how the trials of a study are expected to end.
type Forecaster interface {
	// Forecast is what is expected, as the state stands, of the trials with the given numbers and of the most promising new one,
	// and how much of the uncertainty training them up to each of the rungs would leave. Forecast.Known is false while too little
	// has been seen. It is a function of the record alone.
	Forecast(s *trial.State, numbers []int, rungs []trial.Resource) trial.Forecast
}

const freezeThawType = "freezethaw"

// DefaultThawEta is the eta of freezethaw where none is given: its rungs are not there to drop trials, only to think again, so
// they lie closer together.
const DefaultThawEta = 2

// freezeThaw advances, each time a slot is free, the trial, new or paused, whose training is worth most per epoch (freeze-thaw
// Bayesian optimization, Swersky et al. 2014, arXiv:1406.3896). What it is worth is its Gittins index: see prospect.
//
// A model can be wrong where it is sure, for example about trials that rest on a plateau before they learn. So once two
// trainings' worth of epochs have been spent, every third decision promotes whom successive halving would, when there is one.
//
// When no new trial may be started any more, it goes on with what is paused as long as there is a fair chance that it beats
// the best value so far, and prunes the rest.
type freezeThaw struct {
	*halving // keeps the rungs; without a limit to the trials
	limit    int
	closing  bool
	models   Forecaster
	next     Action // of Next after event asked, which costs a forecast; nil: not asked yet
	asked    int64
}

var _ Scheduler = (*freezeThaw)(nil)

const (
	consider = 32   // best paused trials of a rung that are looked at
	opening  = 4    // trials that are started before one goes on, while nothing can be foreseen
	trusted  = 2    // trainings' worth of epochs the model alone decides about
	fair     = 0.1  // chance to win below which a trial is pruned at the end
	epsilon  = 1e-9 // of the least index, so that something is always chosen
)

func newFreezeThaw(c Config, s *trial.State) *freezeThaw {
	f := &freezeThaw{limit: c.Trials, models: c.Forecaster}
	c.Trials = 0
	f.halving = newASHA(c, s)
	f.plan = bound(f.brackets[0], f.limit)
	return f
}

// Apply keeps the rungs, but for what moves the study: no place is given or taken when it drains.
func (f *freezeThaw) Apply(e trial.Event) {
	if d := e.Decision; d != nil && d.What == trial.Moved {
		if d.Study == trial.StudyRunning || d.Study == trial.StudyDraining {
			f.closing = d.Study == trial.StudyDraining
		}
		return
	}
	f.halving.Apply(e)
	f.moveUp()
}

// moveUp puts trials whose folds ended early on the rung where they stand: no training lies in between.
func (f *freezeThaw) moveUp() {
	b := f.brackets[0]
	for k := 0; b.jumpers > 0 && k < len(b.rungs); k++ {
		for i := len(b.rungs[k].waiting) - 1; i >= 0; i-- {
			if s := f.trials[b.rungs[k].waiting[i].number]; s.jumper {
				b.advance(s)
			}
		}
	}
	b.refresh()
}

func (f *freezeThaw) open() bool { return !f.closing && (f.limit == 0 || f.ranked() < f.limit) }

// Next is the best way to spend the next epochs.
func (f *freezeThaw) Next() Action {
	if f.next == nil || f.asked != f.state.Seq {
		f.next, f.asked = f.choose(), f.state.Seq
	}
	return f.next
}

func (f *freezeThaw) choose() Action {
	if a, ok := f.prune(); ok {
		return a
	}
	paused := f.candidates()
	switch {
	case len(paused) > 0:
	case f.open():
		return f.start("nothing is paused")
	case f.over < len(f.trials):
		return Wait{}
	default:
		return Finish{Reason: f.finishReason()}
	}
	if f.open() && f.halvingsTurn() {
		if a, ok := f.promote(); ok {
			return a
		}
	}
	look := f.forecast(paused)
	switch {
	case !f.open():
		return f.close(paused, look)
	case !look.Known:
		return f.unknown()
	}
	best, worth := f.best(paused, look)
	if best < 0 {
		return f.start(fmt.Sprintf("it promises a gain of %s an epoch (in deviations of all trials), more than the %d paused ones", show(worth), len(paused)))
	}
	return f.goOn(paused[best], look.Trials[best], look)
}

func (f *freezeThaw) forecast(paused []*standing) trial.Forecast {
	if f.models == nil {
		return trial.Forecast{Trials: make([]trial.Outlook, len(paused))}
	}
	numbers := make([]int, len(paused))
	for i, s := range paused {
		numbers[i] = s.trial.Number
	}
	b := f.brackets[0]
	rungs := make([]trial.Resource, len(b.rungs))
	for k, r := range b.rungs {
		rungs[k] = r.at
	}
	return f.models.Forecast(f.state, numbers, rungs)
}

// candidates are the best paused trials of each rung.
func (f *freezeThaw) candidates() []*standing {
	var out []*standing
	for _, r := range f.brackets[0].rungs {
		n := 0
		for _, e := range r.waiting {
			if s := f.trials[e.number]; s.paused() && n < consider {
				out = append(out, s)
				n++
			}
		}
	}
	return out
}

// halvingsTurn tells whether the next start or promotion is successive halving's to choose.
func (f *freezeThaw) halvingsTurn() bool {
	chosen, epochs := 0, 0
	for _, s := range f.trials {
		if s.bracket == f.aside {
			continue
		}
		chosen += 1 + s.taken
		epochs += s.trial.Epochs
	}
	shape := f.state.Study.Shape
	return chosen%3 == 0 && epochs >= trusted*shape.Units(shape.Full())
}

// unknown is what to do while nothing can be foreseen: to start some trials, then what successive halving does.
func (f *freezeThaw) unknown() Action {
	if f.ranked() >= opening {
		if a, ok := f.promote(); ok {
			return a
		}
	}
	return f.start("nothing can be foreseen of the paused ones")
}

// best is the position of the paused trial with the highest index and that index; -1 when a new trial has a higher one.
func (f *freezeThaw) best(paused []*standing, look trial.Forecast) (best int, worth float64) {
	best, worth = -1, epsilon
	if look.Fresh.Known {
		worth = f.prospect(look.Fresh, 0).index(worth)
	}
	for i, s := range paused {
		if !look.Trials[i].Known {
			continue
		}
		if v := f.prospect(look.Trials[i], s.rung+1).index(worth); v > worth {
			best, worth = i, v
		}
	}
	return best, worth
}

// prospect is what lies before a trial on its way to a rung.
func (f *freezeThaw) prospect(o trial.Outlook, rung int) prospect {
	b := f.brackets[0]
	p := prospect{mean: o.Mean}
	left, before := o.Var, 0
	if rung > 0 {
		before = b.shape.Units(b.rungs[rung-1].at)
	}
	for k := rung; k < len(b.rungs); k++ {
		after := 0.0
		if k < len(b.rungs)-1 {
			after = min(left, o.Left[k])
		}
		at := b.shape.Units(b.rungs[k].at)
		p.step = append(p.step, math.Sqrt(left-after))
		p.cost = append(p.cost, float64(at-before))
		left, before = after, at
	}
	return p
}

// close goes on with the paused trial that has the best chance, or prunes one when none has a fair one. Until a trial is complete,
// somebody always goes on, but not before those under way have shown what they are worth. Where nothing can be foreseen, successive
// halving says who goes on.
func (f *freezeThaw) close(paused []*standing, look trial.Forecast) Action {
	if !look.Known {
		if a, ok := f.promote(); ok {
			return a
		}
	}
	best, chance := likeliest(paused, look)
	winner := f.brackets[0].complete > 0
	switch {
	case chance >= fair, !winner && f.idle():
		return f.goOn(paused[best], look.Trials[best], look)
	case !winner:
		return Wait{}
	}
	s, o := paused[0], look.Trials[0]
	p := Prune{Trial: s.trial.Number, At: s.trial.Done, Value: s.entries[s.rung].value, Threshold: look.Incumbent,
		Reason: f.outlook(s, o, look) + "; no new trials are started"}
	if !look.Known {
		p.Threshold = s.bracket.rungs[s.rung].bar(1)
		p.Reason += ", and successive halving has no place for it"
		return p
	}
	p.Reason += fmt.Sprintf(", and less than %g%% is no fair chance", 100*fair)
	return p
}

// likeliest is the position of the trial with the best chance to win and that chance; where nothing is known, the best one on the
// highest rung.
func likeliest(paused []*standing, look trial.Forecast) (best int, chance float64) {
	for i, s := range paused {
		p := look.Trials[i].Chance()
		if p > chance || !look.Known && s.rung > paused[best].rung {
			best, chance = i, p
		}
	}
	return best, chance
}

// idle tells whether no trial is under way, nor waits for another attempt.
func (f *freezeThaw) idle() bool {
	for _, s := range f.trials {
		if !s.over && !s.paused() {
			return false
		}
	}
	return true
}

func (f *freezeThaw) start(why string) Start {
	b := f.brackets[0]
	of := ""
	if f.limit > 0 {
		of = fmt.Sprintf(" of %d", f.limit)
	}
	return Start{Bracket: b.number, To: b.rungs[0].at, Reason: fmt.Sprintf("%s: new trial %d%s: %s", f.name, b.started+1, of, why)}
}

func (f *freezeThaw) goOn(s *standing, o trial.Outlook, look trial.Forecast) Promote {
	incumbent := math.NaN()
	if look.Known {
		incumbent = look.Incumbent
	}
	b := s.bracket
	return Promote{Trial: s.trial.Number, From: s.trial.Done, To: b.rungs[s.rung+1].at, Value: s.entries[s.rung].value,
		Threshold: incumbent, Reason: fmt.Sprintf("%s; goes on to %s, as nothing promises more for an epoch", f.outlook(s, o, look), b.rungName(s.rung+1))}
}

// outlook is a trial and what is expected of it, for a person.
func (f *freezeThaw) outlook(s *standing, o trial.Outlook, look trial.Forecast) string {
	metric := f.state.Study.Objective.Metric
	text := fmt.Sprintf("%s: %s %s", f.where(s), metric, show(s.entries[s.rung].value))
	if o.Known {
		text += fmt.Sprintf(", expected to end at %s, with a chance of %s to beat the best so far, %s", show(o.Value), odds(o.Chance()), show(look.Incumbent))
	}
	return text
}

// odds is a foreseen chance for a person: what the model says beyond a thousandth means nothing.
func odds(p float64) string {
	switch {
	case p < 0.001:
		return "less than 0.1%"
	case p > 0.99:
		return "more than 99%"
	}
	return percent(p)
}

// Verdict pauses a trial at its rung; who goes on is decided when a slot is free.
func (f *freezeThaw) Verdict(number int) Verdict {
	v := f.halving.Verdict(number)
	s := f.standing(number)
	if s == nil || s.over || s.full || s.coming || s.broken {
		return v
	}
	b, e := s.bracket, s.entries[s.rung]
	v.Threshold = math.NaN()
	v.Reason = fmt.Sprintf("%s: %s %s, ranked %d of %d; waits until nothing promises more for an epoch", f.where(s), f.state.Study.Objective.Metric,
		show(e.value), b.rungs[s.rung].board.rank(e)+1, len(b.rungs[s.rung].board))
	return v
}
