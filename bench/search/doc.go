// Command search measures how well the project's searches search: it plays them in simulated time on public suites of training
// curves, and writes tables of their regret beside what other libraries scored on the same tasks under the same rules.
//
//	go run ./bench/search -suite taskset -optimizers random,auto,tpe+hyperband -seeds 10
//	go run ./bench/search -suite all -optimizers all -workers 1,4,8 -seeds 30 -runs bench/search/runs.json -out docs/search-results.md
//	go run ./bench/search -only-report -runs bench/search/runs.json -out docs/search-results.md
//
// A search is a reference (random, one_epoch, hyperband, asha, with _nearest those that sample the space where there are
// candidates), auto, or SAMPLER+SCHEDULER with settings after colons: tpe:startup=20+hyperband:grace=1. A setting is any field of
// search.Config or schedulers.Config, spelled as in a sweep file. -optimizers all is auto, each sampler and each scheduler with the
// other one left to auto, and the references.
//
// The report has the project's targets (targets.csv) and what was reached of them; auto against random-sampling Hyperband, or
// another search named by -against, run by run; what more workers cost; a table for each suite and number of workers; and regret
// by task. With -out FILE.md it goes to that file, its rows to FILE.csv, and plots to img/FILE-SUITE-WORKERS.svg beside it.
//
// With -runs FILE.json every run is kept: the next call measures what is missing, and reports all. The file is replaced as a whole
// every few seconds; an interrupt ends the runs under way, saves and reports them. Seeds come one after the other, so that what
// was measured of a part is balanced. A run that is there up to the budget asked for is not measured again without -again: after
// a change of a search, use -again or another file. Further files of -runs, measured elsewhere, are read and not written.
//
// The results are the same whatever -parallel says; the times are not. Measure times with -parallel 1 on a quiet machine.
//
// The public suites are a folder of files, named by -suites, by AUTOML_BENCH, or found as shared/bench above the working
// directory. Without them the command says so and measures only what needs no files. What a suite is: package suite; the rules
// of the simulation: package sim; how it is scored: package score.
package main
