// Package train is the training loop of the built-in trainer: one network, one fold, epoch by epoch.
//
// A [Loop] is made of a [Job]; [Loop.Epoch] trains one epoch over all rows and measures the network on the validation rows.
// Which blocks train in an epoch follows the freeze schedule; the graph is rebuilt only when that set changes. As long as the
// bottom blocks are frozen, what comes out of them is computed once per row and kept in memory (see cache.go).
//
// The result is a function of the job alone. The order of rows, dropout and augmentation are drawn from (seed, trial, fold,
// epoch), never from what happened before, so a loop that was saved after an epoch ([Loop.Save]) and resumed elsewhere
// ([Loop.Resume]) gives the same bits as one that never stopped, on the same kind of processor.
//
// Duties of the caller:
//
//   - Read the options with [ParseOptions], which refuses a parameter it does not know.
//   - Hand over a network whose head fits the classes. It is trained in place.
//   - A [*Diverged] error is the configuration's own fault: do not try again.
//   - Close the loop.
package train
