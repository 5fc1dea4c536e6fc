package gp

import "math"

// wholeEvals is the evaluations from each start when the first stage has all observations, and is the only one.
const wholeEvals = 25

// stages are what a fit goes through: at most so many of the observations, and so many evaluations on them. Evaluations on few
// are cheap and get near; the last stage decides. The sizes and efforts reach the same posterior density on average as three
// starts of 25 on 40 followed by 14 on 128, in two thirds of the time.
var stages = [...]struct{ observations, evals int }{{40, 10}, {64, 12}, {128, 8}}

// starts are where the optimization begins: the lengthscales by a factor of the prior's mode, and the noise.
var starts = [...]struct{ length, noise float64 }{{1, 1e-3}, {3, 1e-2}, {0.4, 1e-4}}

// Fit finds the hyperparameters of observations x (n x d) with outputs y (n) that are about standardized, and their own noise
// variances (n, or nil): the largest posterior density found by L-BFGS from few starts. Those are tried in the first stage;
// only the best is continued. It is a function of its arguments alone.
func Fit(s *Space, x [][]float64, y, noise []float64, warp bool) Params {
	if len(x) == 0 {
		v := newEvidence(s, nil, nil, nil, warp)
		return v.params(v.prior.centre)
	}
	v := part(s, x, y, noise, warp, stages[0].observations)
	whole := len(x) == len(v.x)
	effort := stages[0].evals
	if whole {
		effort = wholeEvals
	}
	var best []float64
	least := math.Inf(1)
	for _, start := range starts {
		phi := v.start(start.length, start.noise)
		if value := v.minimize(phi, effort); value < least {
			least, best = value, phi
		}
	}
	if best == nil {
		best = v.start(1, 1e-3)
	}
	for _, stage := range stages[1:] {
		if whole {
			break
		}
		v = part(s, x, y, noise, warp, stage.observations)
		v.minimize(best, stage.evals)
	}
	v.eval(best, make([]float64, len(best))) // for the mean
	return v.params(best)
}

func (v *evidence) minimize(phi []float64, evals int) float64 {
	return minimize(v.eval, phi, v.prior.low, v.prior.high, evals)
}

// part is the evidence of at most m of the observations.
func part(s *Space, x [][]float64, y, noise []float64, warp bool, m int) *evidence {
	if len(x) <= m {
		return newEvidence(s, x, y, noise, warp)
	}
	chosen := representatives(y, m)
	return newEvidence(s, pick(x, chosen), pick(y, chosen), pick(noise, chosen), warp)
}

func (v *evidence) start(length, noise float64) []float64 {
	phi := make([]float64, v.layout.size)
	copy(phi, v.prior.centre)
	for j := range v.layout.cat {
		phi[j] += math.Log(length)
	}
	phi[v.layout.noise] = math.Log(noise)
	return phi
}

// pick takes elements by position; nil stays nil.
func pick[T any](v []T, positions []int) []T {
	if v == nil {
		return nil
	}
	out := make([]T, len(positions))
	for i, p := range positions {
		out[i] = v[p]
	}
	return out
}
