package simulate

import (
	"math"
	"math/rand/v2"

	"automl/trial"
)

// correlations is how far the value after so many epochs ranks trials as their final value does: Spearman's correlation, of 4,665
// recorded runs of fine-tuning.
var correlations = []struct{ epochs, rank float64 }{{0, 0}, {1, 0.33}, {3, 0.77}, {9, 0.86}, {25, 0.93}, {math.Inf(1), 1}}

const (
	learning  = 2   // logarithm of how much greater losses are after the first epoch than at the end
	foldNoise = 0.3 // of a trial in a fold, in units of the deviation between trials: about as in the tables of bench/folds
)

// curves is made-up trials whose losses rank them, epoch by epoch, as those of real trainings do. The logarithm of a loss is
//
//	quality + fold noise - what is not yet told + learning (1/epoch - 1/epochs)
//
// where quality is normal, as if trials were drawn at random, and what an epoch tells is normal and independent of all others, so that
// the end is known ever better.
type curves struct {
	shape  trial.Shape
	seed   uint64
	told   []float64 // by epochs: the share of the variance of the first fold's end that is known by then
	trials map[int]*latent
}

// latent is a trial.
type latent struct {
	hidden []float64 // by epochs: what is not yet told of the end of the first fold
	ends   []float64 // by fold: the logarithm of the loss at its end
}

func newCurves(s trial.Shape, seed uint64) *curves {
	c := &curves{shape: s, seed: seed, trials: map[int]*latent{}}
	full := rankAfter(float64(s.Epochs))
	for e := range s.Epochs + 1 {
		c.told = append(c.told, math.Pow(rankAfter(float64(e))/full, 2))
	}
	return c
}

// rankAfter interpolates correlations, linearly in the logarithm of epochs.
func rankAfter(epochs float64) float64 {
	for i, next := range correlations[1:] {
		from := correlations[i]
		switch {
		case epochs > next.epochs:
		case from.epochs == 0:
			return epochs * next.rank
		case math.IsInf(next.epochs, 1):
			return 1 - (1-from.rank)*from.epochs/epochs
		default:
			return from.rank + (next.rank-from.rank)*math.Log(epochs/from.epochs)/math.Log(next.epochs/from.epochs)
		}
	}
	return 1
}

// of makes a trial when it is first asked for.
func (c *curves) of(number int) *latent {
	if t := c.trials[number]; t != nil {
		return t
	}
	r := rand.New(rand.NewPCG(c.seed, uint64(number)))
	t := &latent{hidden: make([]float64, c.shape.Epochs+1), ends: make([]float64, c.shape.Folds)}
	first := math.Sqrt(1 + foldNoise*foldNoise)
	for e := c.shape.Epochs - 1; e >= 0; e-- {
		t.hidden[e] = t.hidden[e+1] + first*math.Sqrt(c.told[e+1]-c.told[e])*r.NormFloat64()
	}
	t.ends[0] = t.hidden[0] // nothing is known before the first epoch
	keep := 1 / (first * first)
	quality := keep*t.ends[0] + math.Sqrt(1-keep)*r.NormFloat64()
	for f := 1; f < c.shape.Folds; f++ {
		t.ends[f] = quality + foldNoise*r.NormFloat64()
	}
	c.trials[number] = t
	return t
}

// loss is what a trial reports.
func (c *curves) loss(number, fold, epoch int) float64 {
	t := c.of(number)
	return math.Exp(t.ends[fold] - t.hidden[epoch] + learning*(1/float64(epoch)-1/float64(c.shape.Epochs)))
}
