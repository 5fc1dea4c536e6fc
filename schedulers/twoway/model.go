// Package twoway is the numerics of the fold race, on arrays alone: an additive model of trials and folds, and what it says of
// the mean over all folds of a trial that has finished some of them.
//
// The model is y[i][j] = a[i] + b[j] + e[i][j] with trial effects a, fold effects b and independent noise e of variance s^2: a
// randomized block design with the folds as blocks (Scheffe 1959, "The Analysis of Variance", chapter 4), in which rows may be
// incomplete. Fold effects are shrunk as if there had been one more trial, without any; until there are many trials, more of the
// difference between folds is thus counted as noise.
package twoway

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Model is a fitted model of k folds.
type Model struct {
	Fold    []float64 // b: the effect of each fold, length k
	Scale   float64   // s: the standard deviation of the noise
	Freedom float64   // degrees of freedom of Scale, at least k-1
	trials  []float64 // how many trials each fold effect rests on, one more for the shrinkage; length k
}

// minRows is how many trials Better keeps in any case.
const minRows = 3

// Better is the indices of the better half of the rows, which are the values of a trial in its first 0..k folds, more being
// better, all finite. Rows of less than two values say nothing of folds and noise and are left out; at least minRows are kept,
// and the best row of k values. Good trials are alike in how they vary over folds, while bad ones vary more and otherwise; when
// the question is whether a trial is as good as the best, only the former say by how much it may differ from its folds so far.
// False when no row has k values, so that the effect of a fold would be unknown.
func Better(rows [][]float64, k int) ([]int, bool) {
	var use [][]float64
	var order []int
	whole := false
	for i, r := range rows {
		if len(r) >= 2 {
			use, order = append(use, r), append(order, i)
		}
		whole = whole || len(r) == k
	}
	if !whole || k < 2 {
		return nil, false
	}
	m := Fit(use, k)
	effect := make([]float64, len(rows))
	for _, i := range order {
		effect[i] = m.effect(rows[i])
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(effect[b], effect[a]) })
	keep := max(min(minRows, len(order)), (len(order)+1)/2)
	best := slices.IndexFunc(order, func(i int) bool { return len(rows[i]) == k })
	if best >= keep {
		order[keep] = order[best]
		keep++
	}
	return order[:keep], true
}

// rounds of alternating least squares: the design is nearly balanced, so that each cuts the error by a large factor.
const rounds = 20

// Fit fits the model to rows of 2..k values, at least one of them of k.
func Fit(rows [][]float64, k int) Model {
	m := Model{Fold: make([]float64, k), trials: make([]float64, k)}
	for j := range k {
		m.trials[j] = 1
	}
	for _, r := range rows {
		for j := range r {
			m.trials[j]++
		}
	}
	for range rounds {
		next := make([]float64, k)
		for _, r := range rows {
			a := m.effect(r)
			for j, y := range r {
				next[j] += (y - a) / m.trials[j]
			}
		}
		m.Fold = next
	}
	m.scale(rows)
	return m
}

// priorNoise is the part of the variance over folds that is taken for noise, the rest for fold effects, as long as there is one
// trial alone, which cannot tell them apart.
const priorNoise = 0.5

// scale is the pooled variance of the residuals, with a prior that is worth one trial (k-1 degrees of freedom): priorNoise of the
// variance over folds that trials have around their own means.
func (m *Model) scale(rows [][]float64) {
	rss, around, within := 0.0, 0.0, 0.0
	for _, r := range rows {
		a, mean := m.effect(r), mean(r)
		for j, y := range r {
			rss += square(y - a - m.Fold[j])
			around += square(y - mean)
		}
		within += float64(len(r) - 1)
	}
	prior := float64(len(m.Fold) - 1)
	freedom := max(0, within-prior)
	if freedom == 0 {
		rss = 0
	}
	m.Freedom = freedom + prior
	m.Scale = math.Sqrt((rss + priorNoise*prior*around/within) / m.Freedom)
}

// effect is the trial effect of a row, given the fold effects.
func (m Model) effect(row []float64) float64 {
	sum := 0.0
	for j, y := range row {
		sum += (y - m.Fold[j]) / float64(len(row))
	}
	return sum
}

// Forecast is the distribution of a trial's mean over all folds: Student's t around Mean.
type Forecast struct {
	Mean, Scale, Freedom float64
}

// Forecast predicts the mean over all k folds of a trial from its values in the first J = 1..k-1, as sampling without
// replacement: folds that are done are known, the others are a + b[j] + e[j]. With known fold effects the variance of the mean
// is s^2 (1/J - 1/k); the variance of the fold effects comes on top.
func (m Model) Forecast(row []float64) Forecast {
	k, done := float64(len(m.Fold)), float64(len(row))
	a := m.effect(row)
	sum, variance := 0.0, k*(k-done)/done
	for j, b := range m.Fold {
		if j < len(row) {
			sum += row[j]
			variance += square((k-done)/done) / m.trials[j]
		} else {
			sum += a + b
			variance += 1 / m.trials[j]
		}
	}
	return Forecast{Mean: sum / k, Scale: m.Scale * math.Sqrt(variance) / k, Freedom: m.Freedom}
}

// Above is the probability that the mean over all folds is above the value.
func (f Forecast) Above(value float64) float64 {
	if f.Scale == 0 {
		if f.Mean > value {
			return 1
		}
		return 0
	}
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: f.Freedom}.CDF((f.Mean - value) / f.Scale)
}

func square(v float64) float64 { return v * v }

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x / float64(len(v))
	}
	return sum
}
