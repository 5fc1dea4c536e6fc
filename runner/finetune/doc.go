// Package finetune is the built-in trainer: it fine-tunes a pretrained network on the images or texts of a data file, or trains a
// multilayer perceptron on a table from scratch, in a child process of a runner, and speaks the trainer protocol (package
// protocol) with it.
//
// [Main] is the whole process: it takes the work order, loads data and model, proves which folds it drew, trains epoch by
// epoch, reports each, obeys the answer, and leaves a checkpoint; in phase refit it trains on all rows and leaves the finished
// model. [Check] finds beforehand what would make it fail.
//
// What its parts are stands in docs/finetune.md. Nothing here knows NATS, the database or the daemon.
//
// Duties of the caller:
//
//   - Call [Check] and [CheckFolds] before a study starts.
//   - Start one process per work order; Main sets the number of threads of its whole process.
//   - Take exit 0 for obeyed or done, 143 for stopped by a signal, and anything else for a failure, whose cause was sent
//     before the exit unless the connection was gone.
package finetune
