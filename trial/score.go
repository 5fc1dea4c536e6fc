package trial

import "math"

// Score is the value of a trial at some resource.
type Score struct {
	Value float64   // the aggregate over folds at Epoch
	Std   float64   // sample standard deviation over folds; 0 with one fold
	Epoch int       // the epoch whose aggregate is best
	Folds []float64 // the value of each fold at Epoch
}

// Score is the value of the trial so far: of the folds it has finished or, in its first one, of what it has reported; see
// ScoreAt. A fold that has only begun would say more about the first epochs than about the trial. False when there is no
// finite value.
func (t *Trial) Score(o Objective, s Shape) (Score, bool) { return t.ScoreAt(o, s, t.settled(s)) }

func (t *Trial) settled(s Shape) Resource {
	if t.Done.Fold > 0 && t.Done.Epoch < s.Epochs {
		return Resource{t.Done.Fold - 1, s.Epochs}
	}
	return t.Done
}

// ScoreAt is the value of a trial at a resource it has reached, using nothing that came later: the best, over epochs e, of the
// aggregate over folds of the value at e, the folds being those that at touches. One epoch is chosen for all folds, the one a
// model trained on all data would be stopped at, so a fold cannot flatter itself with a best epoch of its own. A fold that
// ended early, or that at cuts, counts with its last value from then on. False when the trial has not reached at, or no epoch
// has a finite value in every fold.
func (t *Trial) ScoreAt(o Objective, s Shape, at Resource) (Score, bool) {
	if at == (Resource{}) || t.Done.Less(at) {
		return Score{}, false
	}
	best := Score{}
	found := false
	folds, curves := make([]float64, at.Fold+1), t.curves[o.Metric]
	for e := 1; e <= s.Epochs; e++ {
		if at.Fold == 0 && e > at.Epoch {
			break
		}
		value := math.NaN()
		if column(folds, curves, at, e) {
			value = o.Combine(folds)
		}
		if math.IsNaN(value) || math.IsInf(value, 0) || found && !o.Better(value, best.Value) {
			continue
		}
		best.Value, best.Epoch = value, e
		found = true
	}
	if found {
		column(folds, curves, at, best.Epoch)
		best.Folds, best.Std = folds, Std(folds)
	}
	return best, found
}

// Scores is the trial so far in every objective of its study; see ScoresAt.
func (t *Trial) Scores(s Study) ([]Score, bool) { return t.ScoresAt(s, t.settled(s.Shape)) }

// ScoresAt is the value of a trial at a resource in every objective of its study, in their order. All are those of one epoch, the
// best of the leading objective (ScoreAt): it is one model that is handed over, with what it is worth in each of them. False when
// one of them has no finite value there.
func (t *Trial) ScoresAt(s Study, at Resource) ([]Score, bool) {
	lead, ok := t.ScoreAt(s.Objective, s.Shape, at)
	if !ok {
		return nil, false
	}
	out := []Score{lead}
	for _, o := range s.Others {
		folds := make([]float64, at.Fold+1)
		value := math.NaN()
		if column(folds, t.curves[o.Metric], at, lead.Epoch) {
			value = o.Combine(folds)
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil, false
		}
		out = append(out, Score{Value: value, Std: Std(folds), Epoch: lead.Epoch, Folds: folds})
	}
	return out, true
}

// Losses turns the values of all objectives into ones to minimize.
func (s Study) Losses(scores []Score) []float64 {
	out := make([]float64, len(scores))
	for i, o := range s.Objectives() {
		out[i] = o.Loss(scores[i].Value)
	}
	return out
}

// column fills in, from the curves of a metric, the value of each fold up to at.Fold at epoch e, or at the last epoch the fold has; false when a fold has none.
func column(folds []float64, curves [][]float64, at Resource, e int) bool {
	for f := range folds {
		var curve []float64
		if f < len(curves) {
			curve = curves[f]
		}
		last := len(curve)
		if f == at.Fold {
			last = min(last, at.Epoch)
		}
		if last == 0 {
			return false
		}
		folds[f] = curve[min(e, last)-1]
	}
	return true
}

// Std is the sample standard deviation; 0 of fewer than two.
func Std(v []float64) float64 {
	if len(v) < 2 {
		return 0
	}
	mean := 0.0
	for _, x := range v {
		mean += x / float64(len(v))
	}
	sum := 0.0
	for _, x := range v {
		sum += (x - mean) * (x - mean)
	}
	return min(math.Sqrt(sum/float64(len(v)-1)), math.MaxFloat64) // values near the end of the range: JSON has no infinity
}
