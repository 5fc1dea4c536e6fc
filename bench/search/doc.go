// Command search measures how well the project's searches search: it plays them in simulated time on public suites of training
// curves, and writes tables of their regret beside what other libraries scored on the same tasks under the same rules.
//
//	go run ./bench/search -suite taskset -optimizers random,auto,tpe+hyperband -seeds 10
//	go run ./bench/search -suite all -optimizers auto,tpe+fifo -seeds 30 -out docs/search-results.md
//	go run ./bench/search -suite flat,noise,wide,conditional,analytic -optimizers random,auto -workers 1,4,8
//
// A search is a reference (random, one_epoch, hyperband, asha, with _nearest those that sample the space where there are
// candidates), auto, or SAMPLER+SCHEDULER with settings after colons: tpe:startup=20+hyperband:grace=1.
//
// With -out FILE.md, the tables go to that file, the rows to FILE.csv, and the curves of regret over budget to
// FILE-SUITE-WORKERS.svg. With -runs FILE.json every run is kept, and the next call adds to them: tables then compare what was
// measured at different times. Runs of the same search on the same task and seed are replaced.
//
// The results are the same whatever -parallel says; the times are not. Measure times with -parallel 1 on a quiet machine.
//
// The public suites are a folder of files, named by -suites, by AUTOML_BENCH, or found as shared/bench above the working
// directory. Without them the command says so and measures only what needs no files. What a suite is: package suite; the rules
// of the simulation: package sim; how it is scored: package score.
package main
