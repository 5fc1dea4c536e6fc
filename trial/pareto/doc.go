// Package pareto compares points of several objectives: dominance, non-dominated sorting, crowding, hypervolume. A point is a
// slice of float64, one value for each objective, all to be minimized; n points of m objectives are (n x m). The package knows
// arrays only and imports nothing of ours.
//
// One point dominates another when it is nowhere worse and somewhere better. Equal points do not dominate each other. A point
// with a value that is not finite is worse than every point that has none.
package pareto
