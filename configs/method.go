package configs

import (
	"fmt"
	"slices"
	"strings"

	"automl/schedulers"
	"automl/search"
)

// samplerDoc says who proposes parameters: a type, or a type with options.
type samplerDoc struct {
	Type       string  `json:"type" jsonschema:"required" jsonschema_description:"Kind of sampler."`
	Startup    int     `json:"startup,omitempty" jsonschema:"minimum=1" jsonschema_description:"tpe, gp, ehvi, nsga2: trials with a value before others follow from them."`
	Candidates int     `json:"candidates,omitempty" jsonschema:"minimum=1,maximum=100000" jsonschema_description:"tpe: points drawn from the good density, of which the best is proposed."`
	Gamma      float64 `json:"gamma,omitempty" jsonschema:"exclusiveMinimum=0,exclusiveMaximum=1" jsonschema_description:"tpe: share of the trials that counts as good."`
	MaxGood    int     `json:"max_good,omitempty" jsonschema:"minimum=1" jsonschema_description:"tpe: most trials that count as good."`
	Cost       bool    `json:"cost,omitempty" jsonschema_description:"tpe, gp: of what promises alike, try the cheaper first, less so as the budget is used up. auto does so by itself where time is limited and costs differ."`
	Points     int     `json:"points,omitempty" jsonschema:"minimum=1,maximum=1000" jsonschema_description:"grid: values of a float without a step."`
	Population int     `json:"population,omitempty" jsonschema:"minimum=2,maximum=10000" jsonschema_description:"nsga2: so many of the best trials are parents of new ones."`
}

func (*samplerDoc) short() string { return "type" }

// schedulerDoc says who decides how far a trial trains: a type, or a type with options.
type schedulerDoc struct {
	Type       string  `json:"type" jsonschema:"required" jsonschema_description:"Kind of scheduler."`
	Eta        int     `json:"eta,omitempty" jsonschema:"minimum=2,maximum=1000" jsonschema_description:"Of eta trials on a rung, one goes on."`
	Brackets   int     `json:"brackets,omitempty" jsonschema:"minimum=1,maximum=1000" jsonschema_description:"hyperband: at most so many brackets, the most aggressive ones first."`
	Percentile float64 `json:"percentile,omitempty" jsonschema:"exclusiveMinimum=0,maximum=100" jsonschema_description:"pasha: percentile of the noise up to which two values on a rung count as alike."`
	Startup    int     `json:"startup,omitempty" jsonschema:"minimum=1" jsonschema_description:"median: complete trials before one is compared with them."`
}

func (*schedulerDoc) short() string { return "type" }

// optionTypes are the types an option goes with. An option of another type would do nothing, so it is an error.
var optionTypes = map[string][]string{
	"sampler.startup": {"tpe", "gp", "ehvi", "nsga2"}, "sampler.candidates": {"tpe"}, "sampler.gamma": {"tpe"}, "sampler.max_good": {"tpe"},
	"sampler.points": {"grid"}, "sampler.cost": {"tpe", "gp"}, "sampler.population": {"nsga2"},
	"scheduler.eta": {"auto", "asha", "pasha", "hyperband", "freezethaw"}, "scheduler.brackets": {"auto", "hyperband"}, "scheduler.startup": {"median"},
	"scheduler.percentile": {"pasha"},
}

// checkMethods checks the types of sampler and scheduler and that their options go with them.
func (c *checker) checkMethods() {
	c.checkType("sampler", c.doc.Sampler.Type, search.Types())
	c.checkType("scheduler", c.doc.Scheduler.Type, schedulers.Types())
	if len(c.doc.Objective) > 1 {
		c.checkSeveral("sampler", c.doc.Sampler.Type, search.Types(), search.SeveralTypes())
		c.checkSeveral("scheduler", c.doc.Scheduler.Type, schedulers.Types(), schedulers.SeveralTypes())
	}
}

// checkSeveral refuses a type that looks at one objective alone where there are several.
func (c *checker) checkSeveral(section, word string, known, several []string) {
	if slices.Contains(known, word) && !slices.Contains(several, word) {
		c.wrong(c.typePath(section), "%s looks at one objective, and there are %d", word, len(c.doc.Objective)).
			withHint("use one of %s", strings.Join(several, ", "))
	}
}

// typePath is where the type of a section stands: also in its short form.
func (c *checker) typePath(section string) string {
	if at := join(section, "type"); c.has(at) {
		return at
	}
	return section
}

func (c *checker) checkType(section, word string, known []string) {
	at := c.typePath(section)
	if !slices.Contains(known, word) {
		c.wrong(at, "there is no %s of type %q", section, shorten(word)).Hint = suggest(word, known)
		return
	}
	for option, types := range optionTypes {
		if name, ok := strings.CutPrefix(option, section+"."); ok && c.has(option) && !slices.Contains(types, word) {
			e := c.wrongKey(option, "a %s of type %s has no %s", section, word, name)
			e.Hint = fmt.Sprintf("%s goes with type %s", name, strings.Join(types, ", "))
		}
	}
}
