// Package dispatch is the bus between the search daemon and its runners, on NATS. It holds the embedded server (Serve), the
// daemon's end (NewDaemon) and a runner's end (NewRunner). It knows the messages of package trial and nothing else of the
// program.
//
// # Subjects
//
//	subject                                                    carried by    what                         delivery
//	automl.v1.work.<study>.<trial>.<attempt>                   AUTOML_WORK   Assignment, daemon->runners  at least once, to one runner at a time
//	automl.v1.in.<owner>.<run>.<study>.<trial>.<attempt>.<n>   AUTOML_IN     Inbound, runner->daemon      at least once, in the order sent
//	automl.v1.announce.<owner>.<run>                           core request  Announce, answered by Grant  at most once
//	automl.v1.heartbeat.<owner>.<run>                          core          RunnerInfo                   at most once
//	automl.v1.leave.<owner>.<run>                              core          RunnerInfo                   at most once
//	automl.v1.progress.<owner>.<run>                           core          Progress                     at most once, the first to be dropped
//	automl.v1.out.<owner>.<run>                                core          Outbound, daemon->run        at most once
//
// The id of a run is "<owner>-<run>", or has no '-' and no owner, whose token is then "_" (trial.Owner).
//
// Every message is the JSON envelope {"v":1,"kind":...,"body":...}. Unknown fields are ignored. Inbound messages that a run sends at the
// same time are a bundle: one message under the subject of the first, which is the body, with the others in "more"; all are of that
// run. A run that has sent a bundle is answered in bundles. Who does not know them takes the first and is sent the others again. A message with another version
// or kind, one that cannot be decoded, or whose body names another run or attempt than its subject, is handed to
// Options.Quarantine and, once that has kept it, acknowledged, so it never comes back.
//
// # What is promised
//
// The bus is a buffer that may be lost as a whole; the record of the study is the truth. So everyone who sends must be able to
// send again, and everyone who receives must bear duplicates:
//
//   - Each message of a stream has a subject of its own, and a stream keeps one message a subject. Sending a message again while
//     the first is still there is a success without effect; sending it again after the first was acknowledged delivers it again.
//     There is no time window in this, so resending what was never receipted always gets through.
//   - Work that is not acknowledged within Options.AckWait, or given back, goes to a runner again. An acknowledgement only takes
//     the work off the queue; whether the attempt is leased is the daemon's word (Announce).
//   - NewDaemon empties the work queue: the daemon publishes anew what its record says is not leased. When a stream turns out to
//     be another one than before, because the server lost it, Options.Recreated is called for the same purpose. Publishing all
//     unleased work again at any time is cheap and harmless.
//   - Inbound messages come in the order they were sent, those of one run as well as those of one attempt. A message that was
//     delivered but not acknowledged within AckWait comes again, behind later ones: Inbound.N tells.
//   - When the daemon does not read its Inbox, inbound messages wait in the stream, announces and heartbeats wait up to
//     Options.Timeout and are dropped then, and progress is dropped at once.
//
// # Security
//
// The embedded server listens on loopback, or beyond it over TLS; it has no anonymous user and no monitoring port. Secrets are
// generated once and lie in nats-auth.json, readable by the owner only; they are for the daemon's machine. A runner elsewhere joins
// by a token and has an nkey of its own (Roster). A runner connects with the id of its run as the name of the connection, and the
// server grants it the subjects of that run only, if it is one of its own: it cannot send as another run, read another run's
// answers or the inbound stream, or publish work. A runner can still take work and throw it away (acknowledge it without a lease);
// the daemon publishes it again. An external cluster needs a user for the daemon and one a runner with the same permissions, which
// hold a runner to the runs of its owner: see Permissions.
package dispatch
