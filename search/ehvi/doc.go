// Package ehvi is the numerics of Bayesian optimization of several objectives: the expected hypervolume improvement, with a
// Gaussian process (package gp) for each objective, and the choice of the points where it is highest.
//
//   - Emmerich, Giannakoglou, Naujoks: Single- and multiobjective evolutionary optimization assisted by Gaussian random field
//     metamodels, 2006: the acquisition.
//   - Yang, Emmerich, Deutz, Bäck: Efficient computation of expected hypervolume improvement using box decomposition
//     algorithms, 2019, arXiv:1904.12672: in each box where nothing dominates, it is a product of expected improvements.
//   - Ament, Daulton, Eriksson, Balandat, Bakshy: Unexpected improvements to expected improvement, 2023, arXiv:2310.20708: its
//     logarithm, which still tells points apart that hardly promise anything.
//
// Points and losses are slices of float64, everything is minimized. The package knows nothing of trials, parameters or their
// names.
package ehvi
