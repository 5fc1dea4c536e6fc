// Package schedulertest plays whole searches: a simulator that does what the search daemon does ([Play]), and the conformance
// suite every scheduler has to pass ([Run]).
package schedulertest
