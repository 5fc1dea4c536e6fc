// Package cmaes is the numerics of the covariance matrix adaptation evolution strategy on mixed spaces: a normal distribution
// over numbers and a vector of probabilities for each choice, which move towards the better points of each generation.
//
//   - Hansen: The CMA evolution strategy: a tutorial, 2016, arXiv:1604.00772. Equation numbers are those of this one.
//   - Hansen: Injecting external solutions into CMA-ES, 2011, arXiv:1110.4181: points that were not drawn from the distribution.
//   - Hamano, Saito, Nomura, Shirakawa: CMA-ES with margin, 2022, arXiv:2205.13482: numbers with finitely many values.
//   - Hamano, Saito, Nomura, Uchida, Shirakawa: CatCMA, 2024, arXiv:2405.09962: probabilities of choices, and their margin.
//   - Auger, Hansen: A restart CMA evolution strategy with increasing population size (IPOP), 2005.
//
// A [Distribution] never changes: the next one follows from it and the points of a generation ([Distribution.Next]). Points are
// slices of float64, one coordinate each: a number in [0, 1], or the index of a choice, or NaN where the coordinate does not
// exist at that point. They need not have been drawn from the distribution they are told to: what a worker finishes late, or a
// person has tried, counts like any other.
package cmaes
