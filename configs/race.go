package configs

import (
	"encoding/json"

	"github.com/invopop/jsonschema"

	"automl/schedulers"
	"automl/trial"
)

// raceDoc says whether and how folds are raced: true, false, or options, which mean true.
type raceDoc struct {
	off     bool
	options raceOptions
}

type raceOptions struct {
	Risk  float64  `json:"risk,omitempty" jsonschema:"exclusiveMinimum=0,maximum=0.5" jsonschema_description:"The most chance that a trial which would beat the incumbent is stopped. Default: 0.05."`
	Audit *float64 `json:"audit,omitempty" jsonschema:"minimum=0,maximum=1" jsonschema_description:"Share of the trials that run on though the race would stop them, so that its error is known. Default: 0.05."`
}

func (r *raceDoc) decode(d *decoder, path string, n *node) {
	r.off = d.switched(path, n, &r.options, "risk, audit")
}

// MarshalJSON writes false, or the options.
func (r raceDoc) MarshalJSON() ([]byte, error) {
	if r.off {
		return []byte("false"), nil
	}
	return json.Marshal(r.options)
}

// JSONSchema is a boolean or the options.
func (raceDoc) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "boolean"}, section(&raceOptions{})}}
}

// fillRace turns the race on where it can save something: from three folds on, when the mean counts.
func (d *document) fillRace() {
	if d.Folds.Race == nil {
		if d.Folds.K < schedulers.RaceFolds {
			return
		}
		leading, others := d.Objective.objectives()
		d.Folds.Race = &raceDoc{off: leading.Folds != trial.Mean || len(others) > 0}
	}
	o := &d.Folds.Race.options
	o.Risk = orDefault(o.Risk, schedulers.DefaultRisk)
	if o.Audit == nil {
		o.Audit = ref(schedulers.DefaultAudit)
	}
}

// checkRace checks that a race that is asked for can be run.
func (c *checker) checkRace() {
	f := c.doc.Folds
	if f.Race == nil || f.Race.off {
		return
	}
	leading, others := c.doc.Objective.objectives()
	switch {
	case len(others) > 0:
		c.wrong("folds.race", "the race predicts one objective, and there are %d", 1+len(others)).withHint("take it out, or race: false")
	case f.K < 2:
		c.wrong("folds.race", "there is nothing to race with %d fold", f.K).withHint("give k: 3 or more, or race: false")
	case leading.Folds != trial.Mean:
		c.wrong("folds.race", "the race predicts the mean over folds, but objective.folds is %s", leading.Folds).
			withHint("use objective.folds: mean, or race: false")
	}
}

func (r *raceDoc) config() schedulers.Race {
	if r == nil || r.off {
		return schedulers.Race{}
	}
	return schedulers.Race{On: true, Risk: r.options.Risk, Audit: *r.options.Audit}
}
