// Package protocol is the trainer protocol: what a runner and the trainer process it starts say to each other.
//
// The runner writes the work as JSON to the file named by AUTOML_ASSIGNMENT and listens on the unix socket named by
// AUTOML_SOCKET. The trainer (rank 0 of a multi-process one) connects and sends one JSON object a line; the runner answers a
// report with a decision, and a checkpoint or an artifact with the same message once it has been put in a safe place.
// Nothing else is answered, but that a line which is no message, or could not be obeyed, gets an error. A work order never leaves one fold: From and To name the same fold.
//
// Order after an epoch: report, read the decision, and unless it is "stop" write the checkpoint and say so. Exit 0 means that
// To was reached (or a report said Last), or that a decision was obeyed; any other exit is a failure, whose cause a "failure"
// message sent before may name.
package protocol
