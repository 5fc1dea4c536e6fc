package metric

import "automl/trial"

// Labelled are rows with any number of labels, and the probabilities that a network gave each label.
type Labelled struct {
	K      int       // labels there are
	P      []float64 // rows x K
	Y      []bool    // rows x K
	Groups []int32   // the group of each row, from 0; nil: there are none

	counted []count
}

// threshold is the probability from which on a row is taken to have a label.
const threshold = 0.5

// labelled are the metrics of the family Labels.
var labelled = slicesOf(
	[]entry[*Labelled]{
		{Metric{Name: "accuracy", Goal: trial.Maximize, Meaning: "share of rows with every label right; 0..1",
			Also: []string{"subset_accuracy", "exact_match"}}, (*Labelled).accuracy},
		{Metric{Name: "hamming_loss", Goal: trial.Minimize, Meaning: "share of wrong decisions over all rows and labels; 0..1"},
			(*Labelled).hammingLoss},
	},
	averaged((*Labelled).counts),
	[]entry[*Labelled]{
		{Metric{Name: "roc_auc", Goal: trial.Maximize, Meaning: "area under the ROC curve, mean over the labels; 0..1", Also: []string{"auc", "auroc"}},
			func(r *Labelled) float64 { return columns(r.P, r.K, rocAUC, r.has) }},
		{Metric{Name: "average_precision", Goal: trial.Maximize, Meaning: "area under precision over recall, mean over the labels; 0..1",
			Also: []string{"map", "ap"}}, func(r *Labelled) float64 { return columns(r.P, r.K, averagePrecision, r.has) }},
		{Metric{Name: "loss", Goal: trial.Minimize, Meaning: "log loss: mean of -log(probability of what is right) over all rows and labels; >= 0",
			Also: []string{"log_loss", "bce"}}, (*Labelled).logLoss},
		{Metric{Name: "worst_group_accuracy", Goal: trial.Maximize, Meaning: "accuracy of the group with the lowest; 0..1", Grouped: true},
			func(r *Labelled) float64 { return worst(r.Groups, r.rows(), r.exact, trial.Maximize) }},
	})

// Measure computes all metrics of the family, those of groups where there are some.
func (r *Labelled) Measure() trial.Metrics { return measure(labelled, r, r.rows(), r.Groups != nil) }

func (r *Labelled) rows() int { return len(r.Y) / r.K }

func (r *Labelled) has(row, label int) bool { return r.Y[row*r.K+label] }

func (r *Labelled) taken(row, label int) bool { return r.P[row*r.K+label] >= threshold }

// counts are those of each label.
func (r *Labelled) counts() []count {
	if r.counted == nil {
		r.counted = make([]count, r.K)
		for i, actual := range r.Y {
			c, predicted := &r.counted[i%r.K], r.P[i] >= threshold
			if actual {
				c.actual++
			}
			if predicted {
				c.predicted++
			}
			if actual && predicted {
				c.hit++
			}
		}
	}
	return r.counted
}

// exact is 1 for a row whose labels are all right, else 0.
func (r *Labelled) exact(row int) float64 {
	for label := range r.K {
		if r.has(row, label) != r.taken(row, label) {
			return 0
		}
	}
	return 1
}

func (r *Labelled) accuracy() float64 {
	sum := 0.0
	for row := range r.rows() {
		sum += r.exact(row)
	}
	return sum / float64(r.rows())
}

func (r *Labelled) hammingLoss() float64 {
	wrong := 0
	for _, c := range r.counts() {
		wrong += c.actual + c.predicted - 2*c.hit
	}
	return float64(wrong) / float64(len(r.Y))
}

func (r *Labelled) logLoss() float64 {
	sum := 0.0
	for i, y := range r.Y {
		if p := r.P[i]; y {
			sum += surprise(p)
		} else {
			sum += surprise(1 - p)
		}
	}
	return sum / float64(len(r.Y))
}
