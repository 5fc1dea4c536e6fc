package schedulers

import (
	"fmt"
	"slices"
	"strconv"

	"automl/schedulers/twoway"
	"automl/trial"
)

// strong is the part of the limit that counts for a trial that the forgiving rule would keep (Bergman, Purucker and Hutter 2024,
// "Don't Waste Your Time: Early Stopping Cross-Validation": stop when the mean over the folds so far is worse than the worst fold
// of the incumbent). Such a trial is stopped on evidence twice as strong.
const strong = 0.5

// look is the race's look at a trial that has finished some folds, not all.
type look struct {
	at        trial.Resource
	objective trial.Objective
	k         int       // folds in all
	folds     []float64 // its values so far, more is better
	forecast  twoway.Forecast
	incumbent int
	bar       float64 // the incumbent's mean over all folds
	chance    float64 // that the trial's mean over all folds beats it
	limit     float64 // it is stopped below this chance
	kept      bool    // the forgiving rule would keep it
}

// look looks at a trial at the end of a fold. False where there is nothing to see: within a fold, without an incumbent, for a
// trial that is audited already, for the probe.
func (r *race) look(number int) (look, bool) {
	t := r.state.Trial(number)
	shape, best := r.state.Study.Shape, r.incumbent
	if t == nil || best < 0 || t.Audit != nil || t.Origin == trial.FromProbe || t.Done.Epoch < shape.Epochs {
		return look{}, false
	}
	mine := r.runners[number].folds
	if len(mine) == 0 || len(mine) >= shape.Folds || !r.fitted {
		return look{}, false
	}
	theirs := r.runners[best].folds
	l := look{at: t.Done, objective: r.state.Study.Objective, k: shape.Folds, folds: mine, forecast: r.model.Forecast(mine), incumbent: best,
		bar: mean(theirs), kept: mean(mine) >= slices.Min(theirs)}
	l.chance = l.forecast.Above(l.bar)
	l.limit = spend(r.config.Risk, len(mine), shape.Folds)
	if l.kept {
		l.limit *= strong
	}
	return l, true
}

// spend is the part of the risk for the look after fold j = 1..k-1 of k. The parts add up to the risk, so that by the union
// bound no trial that would win is stopped at any look with more than that (error spending as in Lan and DeMets 1983). They are
// in proportion to the folds that a stop saves.
func spend(risk float64, j, k int) float64 { return risk * float64(2*(k-j)) / float64(k*(k-1)) }

func (l look) lost() bool { return l.chance < l.limit }

// value turns a value back from more-is-better.
func (l look) value(v float64) float64 { return l.objective.Loss(-v) }

// percent is a probability for a person.
func percent(p float64) string { return strconv.FormatFloat(100*p, 'g', 2, 64) + "%" }

// reason says the rule, the fold, the estimate, the incumbent, the probability and the threshold.
func (l look) reason() string {
	rule := "the forgiving rule would stop it too"
	if l.kept {
		rule = "the forgiving rule would keep it"
	}
	return fmt.Sprintf("%s after fold %d: %s %s over %d of %d folds, expected over all %s; the chance to beat trial %d with %s is %s, below %s (%s)",
		RaceName, l.at.Fold, l.objective.Metric, show(l.value(mean(l.folds))), len(l.folds), l.k, show(l.value(l.forecast.Mean)),
		l.incumbent, show(l.value(l.bar)), percent(l.chance), percent(l.limit), rule)
}
