package metric

import "automl/trial"

// Classified are rows of one class each, and the probabilities that a network gave their classes.
type Classified struct {
	K      int
	P      []float64 // rows x K
	Y      []int32   // the class of each row
	Groups []int32   // the group of each row, from 0; nil: there are none

	confusion *Confusion
}

// classified are the metrics of the family Classes.
var classified = slicesOf(
	[]entry[*Classified]{
		{Metric{Name: "accuracy", Goal: trial.Maximize, Meaning: "share of rows taken for their class; 0..1", Also: []string{"acc"}},
			func(r *Classified) float64 { return r.Confusion().accuracy() }},
		{Metric{Name: "balanced_accuracy", Goal: trial.Maximize, Meaning: "mean recall of the classes that occur; 0..1"},
			func(r *Classified) float64 { return r.Confusion().balanced() }},
	},
	averaged(func(r *Classified) []count { return r.Confusion().counts() }),
	[]entry[*Classified]{
		{Metric{Name: "mcc", Goal: trial.Maximize, Meaning: "correlation of class and prediction (Matthews, for any number of classes); -1..1",
			Also: []string{"matthews_corrcoef"}},
			func(r *Classified) float64 { return r.Confusion().mcc() }},
		{Metric{Name: "roc_auc", Goal: trial.Maximize, Meaning: "area under the ROC curve; above two classes the mean of each against the rest; 0..1",
			Also: []string{"auc", "auroc"}}, (*Classified).rocAUC},
		{Metric{Name: "loss", Goal: trial.Minimize, Meaning: "log loss: mean of -log(probability of the row's class); >= 0",
			Also: []string{"log_loss", "cross_entropy", "nll"}}, (*Classified).logLoss},
		{Metric{Name: "calibration_error", Goal: trial.Minimize, Meaning: "expected difference of confidence and accuracy, in 15 bins; 0..1",
			Also: []string{"ece"}}, (*Classified).calibrationError},
		{Metric{Name: "worst_group_accuracy", Goal: trial.Maximize, Meaning: "accuracy of the group with the lowest; 0..1", Grouped: true},
			func(r *Classified) float64 { return worst(r.Groups, len(r.Y), r.hit, trial.Maximize) }},
	})

// slicesOf joins lists of entries.
func slicesOf[T any](lists ...[]entry[T]) (out []entry[T]) {
	for _, l := range lists {
		out = append(out, l...)
	}
	return out
}

// Measure computes all metrics of the family, those of groups where there are some.
func (r *Classified) Measure() trial.Metrics {
	return measure(classified, r, len(r.Y), r.Groups != nil)
}

// Confusion counts what the rows were taken for: the class of the highest probability, the first of equal ones.
func (r *Classified) Confusion() *Confusion {
	if r.confusion == nil {
		r.confusion = NewConfusion(r.K)
		for row, y := range r.Y {
			r.confusion.Add(int(y), r.predicted(row))
		}
	}
	return r.confusion
}

func (r *Classified) row(i int) []float64 { return r.P[i*r.K : (i+1)*r.K] }

func (r *Classified) predicted(row int) int { return Argmax(r.row(row)) }

// hit is 1 for a row taken for its class, else 0.
func (r *Classified) hit(row int) float64 {
	if r.predicted(row) == int(r.Y[row]) {
		return 1
	}
	return 0
}

func (r *Classified) rocAUC() float64 {
	if r.K == 2 {
		score := make([]float64, len(r.Y))
		for row := range score {
			score[row] = r.P[2*row+1]
		}
		return rocAUC(score, func(row int) bool { return r.Y[row] == 1 })
	}
	return columns(r.P, r.K, rocAUC, func(row, class int) bool { return int(r.Y[row]) == class })
}

func (r *Classified) logLoss() float64 {
	sum := 0.0
	for row, y := range r.Y {
		sum += surprise(r.row(row)[y])
	}
	return sum / float64(len(r.Y))
}

func (r *Classified) calibrationError() float64 {
	var c calibration
	for row := range r.Y {
		c.add(r.row(row)[r.predicted(row)], r.hit(row) == 1)
	}
	return c.error()
}
