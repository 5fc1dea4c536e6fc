// Package runner is the runner: it takes assignments from a Queue, runs their trainers in its slots and relays what they say.
//
// One assignment is an attempt. It is cut at fold boundaries into pieces of work, one child process each (package process),
// run one after the other in one slot. An attempt ends with exactly one Exit.
//
// Duties towards the daemon
//   - Nothing is started without the lease: pull, announce, and only when granted start and ack. A refused one is acked and
//     dropped; one that could not be announced goes back to the queue.
//   - Every report, fold hash and exit is a numbered message, written to the spool on disk before it is sent, and kept until
//     the daemon says that it is committed. Unanswered messages are sent again, also by the next run of this runner, which
//     closes what a killed run left unfinished with the failure "lost". That run's leases may be gone by then: the daemon's
//     stop to such a message only acknowledges it.
//   - A decision holds from when it arrives: pause at the next report or at the end of the fold, stop at once.
//   - Training does not need the daemon: a report unanswered for Timings.Decision is answered with "continue". But a runner
//     whose bus is away for Timings.Contact has lost its leases and stops its trainers ("aborted": it is not the trial's fault).
//   - An attempt that shows no sign of life for Timings.Silent, or ten times its median epoch if that is longer, is killed as
//     stuck. Any message and any output is a sign of life. Before the first epoch has been measured Timings.First applies:
//     nobody can tell a long first epoch from a stuck one sooner.
//
// The work directory, which one runner at a time may use (it is locked):
//
//	spool/<study>-<trial>-<attempt>.jsonl       messages not yet committed
//	checkpoints/<study>/<trial>/fold<F>-epoch<E> the last two of the fold at work, and the last one of an epoch on record; they go
//	                                            with the fold, or with the trial
//	artifacts/<study>/trial<T>                  the refitted model
//	logs/<study>/trial<T>/attempt<A>.log        what its trainers printed
//	scratch/                                    of running trainers; emptied at the start
//
// Duties of the wiring: call Run once; turn the first signal into Drain and the second into the end of Run's context; give a
// Queue whose methods may be called from several goroutines; call Sweep now and then with what the daemon knows.
package runner
