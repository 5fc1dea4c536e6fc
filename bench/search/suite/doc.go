// Package suite holds the problems that searches are measured on. A suite is a list of tasks; a task says what may be tried,
// what comes out of it epoch by epoch, and how good that is.
//
//	taskset       12 tasks, 51 epochs: recorded training curves of up to 787 configurations, of which a search has to choose
//	yahpo_lcbench  8 tasks, 52 epochs: a surrogate of real curves over a space of 7 parameters, with seconds per epoch
//	tabular       11 tasks, 1 epoch: full grids, each query answered with the value of one training seed
//	tabular_mean  11 tasks, 1 epoch: the same grids, each query answered with the mean over training seeds
//	flat, noise, wide, conditional, analytic: made up here, see [Names]
//
// The first four need the files of the benchmark folder ([Find]) and are the tasks of the folder's Python harness, value for
// value: what another search scored there can be put beside what is measured here.
package suite
