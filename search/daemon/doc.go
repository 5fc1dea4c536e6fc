// Package daemon is the search daemon: it asks the scheduler what a free slot should do and the sampler for parameters, commits
// each decision, hands out the work, takes in what runners report, and at the end confirms and refits the winner.
//
// It has a pure core and a thin shell. A [core] is one study: events go in, events and effects come out; it has no goroutine
// and no I/O. [Daemon] owns the clock, the bus and the store, and drives every core from one goroutine.
//
// Duties, in this order, for everything that happens: apply to the core, persist the events, then send, answer and
// acknowledge. When persisting fails, the core is thrown away and rebuilt from the record, and nothing is sent: the bus will
// deliver again. A recorded decision is never re-decided.
package daemon
