// Package sobol is scrambled Sobol' points: [0, 1) in many dimensions, filled evenly by the first points already.
//
//   - Joe, Kuo: Constructing Sobol' sequences with better two-dimensional projections, SIAM J. Sci. Comput. 30, 2008.
//   - Owen: Randomly permuted (t,m,s)-nets and (t,s)-sequences, 1995 (nested uniform scrambling).
//   - Burley: Practical hash-based Owen scrambling, JCGT 9, 2020 (a hash in place of stored permutations, and padding).
//
// There is no state: a point is a function of the seed and its number.
package sobol
