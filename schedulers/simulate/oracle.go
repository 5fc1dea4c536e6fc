package simulate

import (
	"math"

	"automl/trial"
)

// oracle foresees how made-up trials end as well as can be known from what they have reported: by the distribution they are drawn
// from.
type oracle struct{ *curves }

// Forecast implements schedulers.Forecaster, in logarithms of losses.
func (o oracle) Forecast(s *trial.State, numbers []int, rungs []trial.Resource) trial.Forecast {
	incumbent := o.incumbent(s)
	look := func(number int, at trial.Resource) trial.Outlook {
		out := trial.Outlook{Known: true, Var: o.variance(at), Mean: o.mean(number, at) - incumbent}
		for _, r := range rungs {
			out.Left = append(out.Left, o.variance(r))
		}
		out.Value = math.Exp(out.Mean + incumbent)
		return out
	}
	out := trial.Forecast{Known: len(s.Trials) > 0 && !math.IsInf(incumbent, 1), Incumbent: math.Exp(incumbent), Fresh: look(-1, trial.Resource{})}
	for _, n := range numbers {
		out.Trials = append(out.Trials, look(n, s.Trial(n).Done))
	}
	return out
}

// incumbent is what is to be beaten: with one fold the best loss so far, else that of the best complete trial or, before there is one, the
// best that any is expected to end at.
func (o oracle) incumbent(s *trial.State) float64 {
	seen, complete, expected := math.Inf(1), math.Inf(1), math.Inf(1)
	for _, t := range s.Trials {
		score, known := t.Score(s.Study.Objective, s.Study.Shape)
		if !known {
			continue
		}
		seen = min(seen, math.Log(score.Value))
		expected = min(expected, o.mean(t.Number, t.Done))
		if t.Status == trial.Complete {
			complete = min(complete, o.mean(t.Number, t.Done))
		}
	}
	switch {
	case o.shape.Folds == 1:
		return seen
	case !math.IsInf(complete, 1):
		return complete
	}
	return expected
}

// mean is what the mean over all folds of a trial is expected to be, as known at a resource.
func (o oracle) mean(number int, at trial.Resource) float64 {
	n := o.finished(at)
	switch {
	case at.Epoch == 0 && n == 0:
		return 0
	case n == 0:
		t := o.of(number)
		weight, _ := o.rest(1)
		return weight * (t.ends[0] - t.hidden[at.Epoch])
	}
	sum := 0.0
	for _, v := range o.of(number).ends[:n] {
		sum += v / float64(n)
	}
	weight, _ := o.rest(n)
	return weight * sum
}

// variance is how much is not known of that mean.
func (o oracle) variance(at trial.Resource) float64 {
	n := o.finished(at)
	if n > 0 {
		_, v := o.rest(n)
		return v
	}
	weight, v := o.rest(1)
	return v + weight*weight*(1+foldNoise*foldNoise)*(1-o.told[at.Epoch])
}

// finished is how many folds are finished at a resource. Those that have only begun say nothing more.
func (o oracle) finished(at trial.Resource) int {
	if at.Epoch >= o.shape.Epochs {
		return at.Fold + 1
	}
	return at.Fold
}

// rest is what n finished folds of a trial say of the mean over all of them: it is expected to be weight times the mean of those n, and
// varies by variance.
func (o oracle) rest(n int) (weight, variance float64) {
	k, m := float64(o.shape.Folds), float64(n)
	keep := m / (m + foldNoise*foldNoise) // of the mean of the n folds for the quality of the trial
	if n >= o.shape.Folds {
		return 1, 0
	}
	share := (k - m) / k
	return 1 - share + share*keep, share * share * (1 - keep + foldNoise*foldNoise/(k-m))
}
