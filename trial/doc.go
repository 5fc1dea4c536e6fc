// Package trial is the domain of automl: studies, trials, their parameters, the (fold, epoch) ladder of resources, and the
// append-only record of reports and decisions from which every state follows.
//
// It holds data and rules only: no clock, no goroutine, no I/O, no import of another package of this module.
//
// Duties of the caller:
//
//   - Give every [Event] of a study the next sequence number and apply them to [State] in that order. The same record always
//     gives the same state; [State.Apply] is the only mutation.
//   - Persist an event before acting on it. A state whose events could not be persisted must be thrown away and rebuilt from
//     the record.
//   - Compare trials only at equal resource ([Trial.ScoreAt]), never by whatever each has reached.
package trial
