package metric

import "automl/trial"

// count is what precision and recall of one class or label are made of.
type count struct {
	hit       int // rows of the class that were taken for it
	actual    int // rows of the class
	predicted int // rows taken for it
}

func (c count) precision() float64 { return ratio(c.hit, c.predicted) }
func (c count) recall() float64    { return ratio(c.hit, c.actual) }
func (c count) f1() float64        { return ratio(2*c.hit, c.actual+c.predicted) }

// ratio is a/b, 0 when b is 0.
func ratio(a, b int) float64 {
	if b == 0 {
		return 0
	}
	return float64(a) / float64(b)
}

// average is a way to make one number of those of all classes.
type average func(counts []count, of func(count) float64) float64

// macro is the plain mean.
func macro(counts []count, of func(count) float64) float64 {
	sum := 0.0
	for _, c := range counts {
		sum += of(c)
	}
	return sum / float64(len(counts))
}

// weighted is the mean with the rows of each class as its weight; 0 without any.
func weighted(counts []count, of func(count) float64) float64 {
	sum, rows := 0.0, 0
	for _, c := range counts {
		sum += float64(c.actual) * of(c)
		rows += c.actual
	}
	if rows == 0 {
		return 0
	}
	return sum / float64(rows)
}

// micro counts the decisions of all classes together.
func micro(counts []count, of func(count) float64) float64 {
	var all count
	for _, c := range counts {
		all.hit += c.hit
		all.actual += c.actual
		all.predicted += c.predicted
	}
	return of(all)
}

// averaged makes the nine entries of precision, recall and F1, whose macro averages carry the plain names.
func averaged[T any](counts func(T) []count) []entry[T] {
	var out []entry[T]
	for _, a := range []struct {
		suffix, meaning string
		of              average
	}{{"", "mean over the classes (macro)", macro}, {"_micro", "all decisions counted together (micro)", micro},
		{"_weighted", "mean over the classes weighted by their rows", weighted}} {
		for _, m := range []struct {
			name, meaning string
			of            func(count) float64
		}{{"precision", "share of what was taken for a class that is of it", count.precision},
			{"recall", "share of a class's rows taken for it", count.recall},
			{"f1", "harmonic mean of precision and recall", count.f1}} {
			e := entry[T]{
				Metric: Metric{Name: m.name + a.suffix, Goal: trial.Maximize, Meaning: m.meaning + ", " + a.meaning + "; 0..1"},
				of:     func(rows T) float64 { return a.of(counts(rows), m.of) },
			}
			if a.suffix == "" {
				e.Also = []string{m.name + "_macro"}
			}
			out = append(out, e)
		}
	}
	return out
}
