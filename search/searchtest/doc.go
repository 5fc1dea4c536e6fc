// Package searchtest is the conformance suite of samplers, and what tests need around it: a study under way ([Record]) and
// search spaces of every kind.
package searchtest
