// Package nsga2 is the numerics of the elitist genetic algorithm NSGA-II: from the best points so far to a new one.
//
//   - Deb, Pratap, Agarwal, Meyarivan: A fast and elitist multiobjective genetic algorithm: NSGA-II, 2002.
//   - Deb, Agrawal: Simulated binary crossover for continuous search space, 1995.
//   - Durillo, Nebro, Luna, Alba: On the effect of the steady-state selection scheme in multi-objective genetic algorithms,
//     2009: one child at a time from the population of that moment, which asks nobody to wait for a generation.
//
// Points are slices of float64, one coordinate each: a number in [0, 1], or the index of a choice, or NaN where the coordinate
// does not exist at that point. The package knows nothing of trials, parameters or their names, and does not sort: a population
// comes best first (pareto.ByCrowding).
package nsga2
