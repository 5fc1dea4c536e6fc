// Package gp is the numerics of Bayesian optimization with Gaussian processes: a model of what was observed, and the choice of
// the points where it expects most improvement.
//
//   - Rasmussen, Williams: Gaussian processes for machine learning, 2006.
//   - Swersky, Duvenaud, Snoek, Hutter, Osborne: Raiders of the lost architecture, 2013, arXiv:1409.4011: conditional coordinates.
//   - Snoek, Larochelle, Adams: Practical Bayesian optimization, 2012, arXiv:1206.2944: points whose output is still to come.
//   - Ament, Daulton, Eriksson, Balandat, Bakshy: Unexpected improvements to expected improvement, 2023, arXiv:2310.20708.
//   - Hvarfner, Hellsten, Nardi: Vanilla Bayesian optimization performs great in high dimensions, 2024, arXiv:2402.02229.
//
// A Kernel is the covariance of two points of a Space, Fit finds its parameters, NewPosterior and NewSparse give a Posterior.
// NewModel does all of it for Observations, whose outputs it warps; its Propose searches the space for the highest acquisition,
// and its Rank orders given points by it. Proposals depend on the observations and the random source alone: a Cache only saves
// time.
//
// Points are slices of float64, one coordinate each: a number in [0, 1], or the index of a choice, or NaN where the coordinate
// does not exist at that point. Outputs are minimized. The package knows nothing of trials, parameters or their names.
package gp
