package twoway_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"automl/schedulers/twoway"
)

// draw is n trials of k folds from the model.
func draw(rng *rand.Rand, n, k int, fold, noise float64) (rows [][]float64, effects []float64) {
	effects = make([]float64, k)
	for j := range effects {
		effects[j] = fold * rng.NormFloat64()
	}
	for range n {
		a, row := rng.NormFloat64(), make([]float64, k)
		for j := range row {
			row[j] = a + effects[j] + noise*rng.NormFloat64()
		}
		rows = append(rows, row)
	}
	return rows, effects
}

func TestFitRecoversWhatTheDataWereMadeOf(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	rows, effects := draw(rng, 400, 5, 0.05, 0.02)
	for i := range rows { // incomplete rows, whatever their values
		rows[i] = rows[i][:2+i%4]
	}
	m := twoway.Fit(rows, 5)
	for j := range effects {
		if got, want := m.Fold[j]-m.Fold[0], effects[j]-effects[0]; math.Abs(got-want) > 0.01 {
			t.Errorf("fold %d differs from fold 0 by %.4f, made with %.4f", j, got, want)
		}
	}
	if math.Abs(m.Scale-0.02) > 0.002 {
		t.Errorf("noise %.4f, made with 0.02", m.Scale)
	}
}

// With one trial nothing tells fold effects from noise: half of its variance over folds is taken for noise.
func TestOneTrial(t *testing.T) {
	m := twoway.Fit([][]float64{{1, 2, 3}}, 3)
	if got := m.Scale * m.Scale; math.Abs(got-0.5) > 1e-12 || m.Freedom != 2 {
		t.Errorf("variance %g with %g degrees of freedom", got, m.Freedom)
	}
}

func TestBetterKeepsTheGoodHalf(t *testing.T) {
	rows := [][]float64{{1, 1, 1}, {9, 9}, {5}, {8, 8}, {7, 7}, {6, 6}, {0, 0}, nil}
	got, ok := twoway.Better(rows, 3)
	if want := []int{1, 3, 4, 0}; !ok || !slices.Equal(got, want) { // trial 0 is the only one that knows fold 2
		t.Errorf("%v, want %v", got, want)
	}
	if _, ok := twoway.Better(rows[1:], 3); ok {
		t.Error("nobody knows fold 2")
	}
}

// TestForecastIsCalibrated: of trials that end exactly at the bar, the share whose chance was below p is p, for fold effects that
// are known well and for noise that is not.
func TestForecastIsCalibrated(t *testing.T) {
	for _, n := range []int{6, 60} {
		for done := 1; done < 5; done++ {
			rng := rand.New(rand.NewPCG(uint64(n), uint64(done)))
			const studies, p = 4000, 0.05
			below := 0
			for range studies {
				rows, _ := draw(rng, n+1, 5, 0.02, 0.01)
				mine, bar := rows[n][:done], mean(rows[n])
				if twoway.Fit(rows[:n], 5).Forecast(mine).Above(bar) < p {
					below++
				}
			}
			if share := float64(below) / studies; share > 0.06 || share < 0.01 {
				t.Errorf("%d trials, %d folds done: a chance below %g in a share of %.3f", n, done, p, share)
			}
		}
	}
}

func TestNoNoise(t *testing.T) {
	m := twoway.Fit([][]float64{{1, 1}, {0.5, 0.5}}, 2)
	if p := m.Forecast([]float64{0.9}).Above(1); p != 0 {
		t.Errorf("chance %g", p)
	}
	if p := m.Forecast([]float64{1.1}).Above(1); p != 1 {
		t.Errorf("chance %g", p)
	}
}

func mean(v []float64) float64 {
	sum := 0.0
	for _, x := range v {
		sum += x / float64(len(v))
	}
	return sum
}
