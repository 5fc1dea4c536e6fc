package view

import "automl/trial"

// Metrics is what a daemon tells a monitoring system of itself. Counts are since it was started.
type Metrics struct {
	Studies            []StudyMetrics // those that are not over, in the order they were created
	Reports            int64          // recorded
	Decisions          int64          // recorded
	Failures           int64          // times the record could not be written
	Ahead              int64          // proposals that were made before anybody asked
	Fresh              int64          // proposals made while somebody waited
	Inbox              int            // messages of runners that have come in and are not taken
	Runners            int
	Slots              int                     // of the runners that take work
	Silence            float64                 // seconds since the runner was heard of that is silent the longest
	Checkpoints, Shelf int64                   // bytes that checkpoints take on the disks of the runners, and that they may take where there is a limit
	Dropped            int64                   // trials whose checkpoints runners have given up to stay below it
	Logs, LogLimit     int64                   // the same of the logs of attempts
	LogsDropped        int64                   // attempts whose logs they have removed to stay below it
	Broken             map[trial.Failure]int64 // attempts that broke, by cause
	Ask, Tell          Histogram
	Commit             Histogram // of a transaction, until it was durable
}

// StudyMetrics is where a study stands.
type StudyMetrics struct {
	Name   string
	Status trial.StudyState
	Trials map[trial.Status]int
	Events int64 // on its record
	Queued int   // work handed out that no runner has taken
	Leased int   // attempts whose process runs
	Run    int   // epochs trained
	Full   int   // epochs that the same trials would have cost without pruning
}

// Histogram is how many durations were at most so long.
type Histogram struct {
	Bounds []float64 // seconds, ascending
	Counts []int64   // (bounds + 1), of each interval, the last one being above all bounds
	Sum    float64   // seconds
}
