package web

import (
	"encoding/json"
	"time"

	"automl/trial"
)

// Submitted answers a submission.
type Submitted struct {
	Study string `json:"study" doc:"id of the study"`
}

// StudyHead is a study as it was submitted.
type StudyHead struct {
	ID        string            `json:"id"`
	Name      string            `json:"name"`
	Document  json.RawMessage   `json:"document" doc:"the sweep document; the order of its keys is that of the search space"`
	Digest    string            `json:"digest" doc:"SHA-256 of the document in hex"`
	Seed      uint64            `json:"seed"`
	Objective trial.Objective   `json:"objective"`
	Others    []trial.Objective `json:"others,omitempty" doc:"the further objectives, where there are several"`
	Shape     trial.Shape       `json:"shape"`
	Created   time.Time         `json:"created"`
}

// StudyEntry is a study in the list of all.
type StudyEntry struct {
	StudyHead
	State trial.StudyState `json:"state" enum:"RUNNING,DRAINING,PAUSED,DONE,STOPPED"`
}

// StudyRecord is a study with events of its record, in order: applying all of them gives its state.
type StudyRecord struct {
	Study  StudyHead     `json:"study"`
	Events []trial.Event `json:"events"`
}

// Stamp says where in the record of its study an entry stands.
type Stamp struct {
	Seq  int64     `json:"seq" doc:"sequence number, from 1, one sequence a study"`
	Time time.Time `json:"time"`
}

// ReportEntry is a report with its place in the record.
type ReportEntry struct {
	Stamp
	trial.Report
}

// DecisionEntry is a decision with its place in the record.
type DecisionEntry struct {
	Stamp
	trial.Decision
}

// Health answers the probes.
type Health struct {
	Status string `json:"status" enum:"ok"`
}

// What the routes take. The path's id is the study's id or its name.
type (
	idInput struct {
		ID string `path:"id" doc:"id or name of the study"`
	}
	recordInput struct {
		ID    string `path:"id" doc:"id or name of the study"`
		After int64  `query:"after" minimum:"0" doc:"only events after this sequence number"`
		Limit int    `query:"limit" default:"10000" minimum:"1" maximum:"10000" doc:"at most so many events"`
	}
	trialsInput struct {
		ID    string `path:"id" doc:"id or name of the study"`
		State string `query:"state" enum:"WAITING,RUNNING,PAUSED,COMPLETE,PRUNED,FAIL" doc:"only trials in this state"`
		After int    `query:"after" default:"-1" minimum:"-1" doc:"only trials after this number: the cursor"`
		Limit int    `query:"limit" default:"1000" minimum:"1" maximum:"10000" doc:"at most so many trials"`
	}
	trialInput struct {
		ID     string `path:"id" doc:"id or name of the study"`
		Number int    `path:"n" minimum:"0" doc:"number of the trial"`
	}
	documentInput struct {
		RawBody []byte `contentType:"application/json" doc:"the sweep document"`
	}
	eventsInput struct {
		Study string `query:"study" required:"true" doc:"id or name of the study"`
		Last  int64  `header:"Last-Event-ID" minimum:"0" doc:"sequence number of the last event received; the stream goes on after it"`
	}
)

// What the routes answer.
type (
	body[T any] struct {
		Body T
	}
	page[T any] struct {
		Link string `header:"Link" doc:"rel=\"next\": where the next page is; absent on the last one"`
		Body []T
	}
	submitOutput struct {
		Status int
		Body   Submitted
	}
)
