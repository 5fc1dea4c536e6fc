// Package configs reads the sweep file: the one document that says what a study optimizes, over which parameters, with which
// budget and which trainer.
//
// Load reads a file and looks whether the files it names are there; Parse reads bytes and touches no disk, which is what the
// HTTP API and a restarted daemon need. Both take YAML 1.2 or JSON, and both are strict: a key that is unknown, stands twice,
// has a value of another type, or belongs to a feature this version does not have is an error. Nothing is ever ignored. An
// error names file, line, column and key, the nearest known key, and what would be right.
//
// # How a document becomes a sweep
//
// The bytes become a tree of nodes with positions (tree.go, yaml.go, json.go). The decoder (decode.go) copies the tree into
// the document types (document.go, parameter.go, condition.go, trainer.go, method.go, union.go); these types are the only place where keys, required keys,
// permitted words and bounds are written down, and the JSON Schema (Schema) is made from the same types. Then the checks that
// need more than one value run (check.go, space.go), defaults are filled in and paths made absolute (resolve.go). What comes
// out is written as canonical JSON, and that is Study.Document: parsing it again gives the same sweep, which is how a daemon
// rebuilds everything after a restart.
//
// # Scalars
//
// Plain scalars are resolved by the core schema of YAML 1.2 alone: 1e-6 is a float, 010 is ten, yes, no, on and off are
// strings, and 07:00 is a string. Anchors, aliases, merge keys, tags, directives and complex keys are refused; a document has
// at most 1 MiB, or 16 MiB when it is JSON: a list of candidates is long. Candidates in a CSV file are read by Load and stand
// in the canonical document, so that a restart needs no file.
//
// # Defaults
//
// Name is the file's base name; objective.folds is mean; folds is 5 for the built-in trainer and 1, a single hold-out, for
// any other; folds.split is stratified for the built-in trainer or where a column is named, otherwise plain; epochs.grace is
// 3, or epochs.max if that is less; sampler and scheduler are auto; the budget is 100 trials when there is none, and without
// a number of trials when only hours, gpu_hours or a deadline are given; the seed is 1; workers is 0, which means the slots
// there are; nothing is confirmed unless confirm is there, and then the top 3 with 1 more seed each.
package configs
