// Package schedulertest is the conformance suite that every scheduler has to pass: many random searches, played by package
// simulate, and the rules that hold in each.
package schedulertest
