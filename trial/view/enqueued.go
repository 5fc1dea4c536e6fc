package view

import "automl/trial"

// Enqueued is a configuration that was asked for, as it will run.
type Enqueued struct {
	Trial  int          `json:"trial" doc:"the trial that has it"`
	New    bool         `json:"new" doc:"false: the study had a trial with this configuration already, and gets no other"`
	Params trial.Params `json:"params" doc:"complete: what was left out is filled in"`
}
