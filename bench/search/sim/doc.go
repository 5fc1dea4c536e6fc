// Package sim plays searches in simulated time: a number of workers train what an optimizer hands out, and the values come from
// the task of a suite. Its rules are those of the benchmark folder's Python harness:
//
//   - A free worker asks. It is given a trial, and from which to which epoch to train it, or nothing.
//   - An epoch takes its seconds; then its value is told and answered with continue, pause or stop. A paused trial goes on later
//     from where it stopped, at no extra cost.
//   - The budget is the epochs that all workers train together. An epoch that a curve lacks repeats its last value, is free and
//     is not counted.
//   - The incumbent is the best value seen at any epoch of any trial. The task says what it is worth.
//   - The time an optimizer takes to answer is measured but takes no simulated time.
//
// Optimizers are the project's own search ([Maker], made by [Parse] from a name such as "tpe+hyperband") and the references of
// the harness (random, one_epoch, hyperband, asha, and their _nearest variants), which draw the same random numbers as there:
// with them the same search comes out, epoch by epoch.
package sim
