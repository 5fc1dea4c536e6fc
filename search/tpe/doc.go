// Package tpe is the numerics of the tree-structured Parzen estimator: a kernel density over a tree of coordinates, and the
// choice of points where one density is high and another low.
//
//   - Bergstra, Bardenet, Bengio, Kegl: Algorithms for hyper-parameter optimization, NeurIPS 2011.
//   - Falkner, Klein, Hutter: BOHB, ICML 2018, arXiv:1807.01774.
//   - Watanabe: Tree-structured Parzen estimator, 2023, arXiv:2304.11127.
//
// Points are slices of float64, one coordinate each: a number in [0, 1], or the index of a choice, or NaN where the coordinate
// does not exist at that point. The package knows nothing of trials, parameters or their names.
package tpe
