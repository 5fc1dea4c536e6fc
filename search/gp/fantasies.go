package gp

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"
)

// pairsOfFantasies is how many outcomes of the pending points are drawn, each with its mirror image.
const pairsOfFantasies = 16

// fantasies are outcomes that the pending points may have. With e standard normal (p) and C = R R^T the pending points'
// covariance given the data, an outcome is mean + R e, and where it came true the mean at x is
//
//	mean(x) + (R^-1 c(x))^T e,    c(x) the covariances of x with the pending points given the data,
//
// while the variance is the same for all. The acquisition is the logarithm of the mean expected improvement over the outcomes,
// each with its own incumbent (Snoek et al. 2012, section 3.2; with outcomes fixed beforehand, Balandat et al. 2020). Against
// the mean from the finished and the variance from all, as in Vizier's UCB-PE, it found clearly better values with 4 and 8
// pending points (Ackley in 10 dimensions after 100 trials: 2.6 against 4.2, and 3.1 against 6.1).
type fantasies struct {
	e    [][]float64 // (2 pairs x p)
	best []float64   // (2 pairs)
}

// newFantasies draws the outcomes, always the same quasi-random ones. The posterior g has the pending points, base has not.
func newFantasies(g, base *Posterior, pending [][]float64, best float64) fantasies {
	p := g.points.n - g.m
	if p == 0 {
		return fantasies{}
	}
	var f fantasies
	for _, u := range halton(pairsOfFantasies, p, rand.New(rand.NewPCG(1, 1))) {
		mirror := make([]float64, p)
		for i, v := range u {
			u[i] = distuv.UnitNormal.Quantile(max(v, 1e-9))
			mirror[i] = -u[i]
		}
		f.e = append(f.e, u, mirror)
	}
	q := base.newQuery()
	means := make([]float64, p)
	for i, x := range pending {
		means[i], _ = base.at(x, q)
	}
	for _, e := range f.e {
		least := best
		for i := range p {
			least = min(least, means[i]+dot(g.pending.row(i)[:i+1], e[:i+1]))
		}
		f.best = append(f.best, least)
	}
	return f
}

// improvement is the logarithm of the expected improvement where the posterior has the mean and the variance, and c are the
// whitened covariances with the pending points; with its derivatives, of which byC is written unless it is nil.
func (m *Model) improvement(mean, variance float64, c, byC []float64) (value, byMean, byVar float64) {
	sd := math.Sqrt(variance)
	clear(byC)
	if m.fantasies.e == nil {
		value, byMean, bySigma := LogEI(mean, sd, m.best)
		return value, byMean, bySigma / (2 * sd)
	}
	var logs, means, sigmas [2 * pairsOfFantasies]float64
	top := math.Inf(-1)
	for i, e := range m.fantasies.e {
		logs[i], means[i], sigmas[i] = LogEI(mean+dot(c, e), sd, m.fantasies.best[i])
		top = max(top, logs[i])
	}
	total := 0.0
	for i, l := range logs {
		logs[i] = math.Exp(l - top)
		total += logs[i]
	}
	for i, e := range m.fantasies.e {
		share := logs[i] / total
		byMean += share * means[i]
		byVar += share * sigmas[i] / (2 * sd)
		if byC != nil {
			axpy(share*means[i], e, byC)
		}
	}
	return top + math.Log(total/float64(len(logs))), byMean, byVar
}
