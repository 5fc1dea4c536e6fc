package schedulers

import (
	"fmt"
	"math/rand/v2"

	"automl/schedulers/twoway"
	"automl/trial"
)

// The defaults of the fold race.
const (
	DefaultRisk  = 0.05
	DefaultAudit = 0.05
	// RaceFolds is from how many folds on a race is worth having: with two there is one look, when half is spent.
	RaceFolds = 3
)

// Race says how folds are raced. The zero value is no race.
type Race struct {
	On    bool
	Risk  float64 // most chance that a trial which would beat the incumbent is stopped, all looks together; 0 means DefaultRisk
	Audit float64 // share of the stops that are waived, to measure how often the race is wrong; 0 means none
}

// RaceName begins the reason of everything that the fold race decides.
const RaceName = "fold race"

// race is the fold race on top of another scheduler: cross-validation with the fold as the outer fidelity. After every fold but
// the last, a trial is stopped when its mean over all folds is too unlikely to beat that of the incumbent, the best complete
// trial. It only adds stops: what the scheduler below says goes for all else, and to it a trial that lost the race is one that
// somebody else has pruned.
type race struct {
	Scheduler
	config    Race
	state     *trial.State
	runners   []racer // by trial number
	incumbent int     // trial number, -1: none
	model     twoway.Model
	fitted    bool // there is a model
}

// racer is what the race knows of a trial.
type racer struct {
	folds []float64 // the value of each finished fold, turned so that more is better; nil when one is not finite
	out   bool      // failed: it is no trial to learn from
}

var _ Scheduler = (*race)(nil)

func newRace(c Race, inner Scheduler, s *trial.State) *race {
	return &race{Scheduler: inner, config: c, state: s, incumbent: -1}
}

// Plan is that of the scheduler below, of which the race may save a part.
func (r *race) Plan() Plan {
	p := r.Scheduler.Plan()
	p.AtMost = true
	return p
}

// Apply keeps the values of the finished folds and the incumbent.
func (r *race) Apply(e trial.Event) {
	r.Scheduler.Apply(e)
	if e.Report != nil {
		r.learn(e.Report.Trial)
	}
	if e.Decision == nil {
		return
	}
	switch d := e.Decision; d.What {
	case trial.Sampled:
		r.runners = append(r.runners, racer{})
	case trial.Failed:
		r.runners[d.Trial] = racer{out: true}
		r.fit()
	case trial.Completed:
		if v := r.runners[d.Trial].folds; len(v) == r.folds() && (r.incumbent < 0 || mean(v) > mean(r.runners[r.incumbent].folds)) {
			r.incumbent = d.Trial
		}
	}
}

func (r *race) folds() int { return r.state.Study.Shape.Folds }

// learn takes the values of a trial once it has finished another fold: those at the one epoch that is best for all of them.
func (r *race) learn(number int) {
	if number >= len(r.runners) || r.runners[number].out {
		return
	}
	t, study := r.state.Trial(number), r.state.Study
	done := finished(t, study.Shape)
	if done == 0 || done == len(r.runners[number].folds) {
		return
	}
	score, _ := t.ScoreAt(study.Objective, study.Shape, trial.Resource{Fold: done - 1, Epoch: study.Shape.Epochs})
	v := score.Folds
	for i := range v {
		v[i] = -study.Objective.Loss(v[i])
	}
	r.runners[number].folds = v
	r.fit()
}

// fit fits the model to all trials, those that were stopped included: the values that stopped them are in it, so nothing is
// missing that would mislead.
func (r *race) fit() {
	rows := make([][]float64, 0, len(r.runners))
	for _, q := range r.runners {
		rows = append(rows, q.folds)
	}
	panel, ok := twoway.Better(rows, r.folds())
	if r.fitted = ok; !ok {
		return
	}
	best := make([][]float64, len(panel))
	for i, number := range panel {
		best[i] = rows[number]
	}
	r.model = twoway.Fit(best, r.folds())
}

// finished is how many folds of the search a trial has finished.
func finished(t *trial.Trial, s trial.Shape) int {
	n := t.Done.Fold
	if t.Done.Epoch >= s.Epochs {
		n++
	}
	return min(n, s.Folds)
}

// Verdict is that of the scheduler below, unless it lets a trial live that has just lost the race.
func (r *race) Verdict(number int) Verdict {
	v := r.Scheduler.Verdict(number)
	if v.Verb == trial.Stop {
		return v
	}
	l, ok := r.look(number)
	if !ok || !l.lost() {
		return v
	}
	if r.audited(number) {
		v.Audit = Audit{At: l.at, Value: l.value(l.forecast.Mean), Threshold: l.value(l.bar),
			Reason: l.reason() + "; runs on all the same, as one of the audited share"}
		return v
	}
	return Verdict{Verb: trial.Stop, At: l.at, Value: l.value(l.forecast.Mean), Threshold: l.value(l.bar), Reason: l.reason()}
}

// Next does not promote a trial that has lost the race while it waited.
func (r *race) Next() Action {
	a := r.Scheduler.Next()
	p, ok := a.(Promote)
	if !ok || r.audited(p.Trial) {
		return a
	}
	l, ok := r.look(p.Trial)
	if !ok || !l.lost() {
		return a
	}
	return Prune{Trial: p.Trial, At: l.at, Value: l.value(l.forecast.Mean), Threshold: l.value(l.bar), Reason: l.reason()}
}

// auditStream keeps the draw of the audited share apart from those of the samplers, which derive from the same two numbers.
const auditStream = 0xf01d_ace5_0a0d_17ed

// audited tells whether a trial is one of the share that runs on though it has lost: drawn beforehand, from the study's seed and
// the trial's number alone.
func (r *race) audited(number int) bool {
	return rand.New(rand.NewPCG(r.state.Study.Seed^auditStream, uint64(number))).Float64() < r.config.Audit
}

// resolve fills in the defaults and checks the race.
func (c Race) resolve(study trial.Study) (Race, error) {
	o, s := study.Objective, study.Shape
	if !c.On {
		return Race{}, nil
	}
	if c.Risk == 0 {
		c.Risk = DefaultRisk
	}
	switch {
	case !(c.Risk > 0 && c.Risk < 1) || !(c.Audit >= 0 && c.Audit <= 1):
		return c, trial.Errorf(trial.Invalid, "a fold race with risk %g and audit %g", c.Risk, c.Audit).
			WithHint("risk is a probability between 0 and 1, audit a share from 0 to 1")
	case len(study.Others) > 0:
		return c, trial.Errorf(trial.Invalid, "the fold race looks at one objective, and there are %d", 1+len(study.Others)).
			WithHint("use folds.race: false")
	case o.Folds != trial.Mean && o.Folds != "":
		return c, trial.Errorf(trial.Invalid, "the fold race predicts the mean over folds, the objective is the %s", o.Folds).
			WithHint("use objective.folds: mean, or folds.race: false")
	case s.Folds < 2:
		return c, trial.Errorf(trial.Invalid, "a fold race of %s", fmt.Sprintf("%d fold", s.Folds)).WithHint("a race needs 2 folds or more")
	}
	return c, nil
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x / float64(len(v))
	}
	return sum
}
