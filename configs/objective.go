package configs

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/invopop/jsonschema"

	"automl/trial"
)

// objectiveDoc is one metric to optimize.
type objectiveDoc struct {
	Metric string          `json:"metric" jsonschema:"required" jsonschema_description:"Name of the metric, as the trainer reports it."`
	Goal   trial.Goal      `json:"goal" jsonschema:"required,enum=minimize,enum=maximize" jsonschema_description:"Direction."`
	Folds  trial.Aggregate `json:"folds,omitempty" jsonschema:"enum=mean,enum=median,enum=worst" jsonschema_description:"How the folds of a trial become its value. Default: mean."`
}

// objectiveDocs is what is optimized: one objective, or a list of them of which the first leads.
type objectiveDocs []objectiveDoc

func (o *objectiveDocs) decode(d *decoder, path string, n *node) {
	if n.kind != list {
		*o = make(objectiveDocs, 1)
		(*o)[0].decode(d, path, n)
		return
	}
	switch {
	case len(n.items) == 0:
		d.wrong(path, "the list is empty").withHint("objective: [{metric: val_accuracy, goal: maximize}, {metric: latency_ms, goal: minimize}]")
	case len(n.items) > trial.MaxObjectives:
		d.wrong(path, "%d objectives are more than the %d there may be", len(n.items), trial.MaxObjectives).
			withHint("with more of them nearly every trial is on the front; leave some out, or combine them in one metric")
	}
	*o = make(objectiveDocs, len(n.items))
	for i, item := range n.items {
		(*o)[i].decode(d, index(path, i), item)
	}
}

func (o *objectiveDoc) decode(d *decoder, path string, n *node) {
	if n.kind == text {
		hint := fmt.Sprintf("{metric: %s, goal: maximize}", shorten(n.raw))
		if path == "objective" {
			hint = "objective: " + hint
		}
		d.mismatch(path, n, "a section", rules{}).Hint = hint
		return
	}
	d.into(path, n, o)
}

// MarshalJSON writes one objective as a section, several as a list.
func (o objectiveDocs) MarshalJSON() ([]byte, error) {
	if len(o) == 1 {
		return json.Marshal(o[0])
	}
	return json.Marshal([]objectiveDoc(o))
}

// JSONSchema is one objective or a list of them.
func (objectiveDocs) JSONSchema() *jsonschema.Schema {
	one := section(&objectiveDoc{})
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{one, {Type: "array", Items: section(&objectiveDoc{}), MinItems: ref[uint64](1),
		MaxItems: ref[uint64](trial.MaxObjectives)}}}
}

// objectivePath is the path of an objective, by its number.
func (s *source) objectivePath(i int) string {
	if at := index("objective", i); s.has(at) {
		return at
	}
	return "objective"
}

// checkObjectives refuses a metric that stands twice.
func (c *checker) checkObjectives() {
	for i, o := range c.doc.Objective {
		first := slices.IndexFunc(c.doc.Objective[:i], func(p objectiveDoc) bool { return p.Metric == o.Metric })
		if first >= 0 {
			c.wrong(join(c.objectivePath(i), "metric"), "the metric %q stands twice, first in %s", shorten(o.Metric), c.objectivePath(first)).
				withHint("drop one of them: a metric has one goal")
		}
	}
}

// objectives hands them over as domain types.
func (o objectiveDocs) objectives() (leading trial.Objective, others []trial.Objective) {
	for _, q := range o[1:] {
		others = append(others, trial.Objective(q))
	}
	return trial.Objective(o[0]), others
}

// Objectives is everything that is optimized, the leading objective first.
func (s *Sweep) Objectives() []trial.Objective {
	return append([]trial.Objective{s.Objective}, s.Others...)
}

// ObjectivePath is the path of a key of the objective with that number, for Errorf.
func (s *Sweep) ObjectivePath(i int, key string) string {
	return fmt.Sprintf("%s.%s", s.source.objectivePath(i), key)
}
