package schedulers

import (
	"slices"
	"strings"

	"automl/trial"
)

// The defaults. On real fine-tuning curves the value at epoch 3 ranks trials far better than the value at epoch 1.
const (
	DefaultEta   = 3
	DefaultGrace = 3
)

// Auto is the type that picks another one by the ladder; see Config.Resolve.
const Auto = "auto"

// Config is what a sweep file says about the scheduler.
type Config struct {
	Type       string     // one of Types; empty means Auto
	Eta        int        // of eta trials on a rung, one goes on; 0 means DefaultEta, DefaultThawEta for freezethaw
	Grace      int        // epochs every trial gets before it is compared; 0 means DefaultGrace, at most what there is
	Brackets   int        // hyperband: at most so many brackets, the most aggressive ones first; 0 means all
	Percentile float64    // pasha: of the noise, up to which values count as alike; 0 means DefaultPercentile
	Startup    int        // median: complete trials before one is compared with them; 0 means DefaultStartup
	Trials     int        // the budget: trials started in total, failed ones included, but for the probe; 0 means no limit
	Forecaster Forecaster // freezethaw: what it goes by; without one it does what asha does
	Race       Race       // the fold race on top
}

// kind is a scheduler as the registry knows it.
type kind struct {
	name string
	make func(Config, *trial.State) Scheduler
}

// kinds is the registry: a new scheduler is a line here.
var kinds = []kind{
	{"fifo", func(c Config, s *trial.State) Scheduler { return newFIFO(c, s) }},
	{"asha", func(c Config, s *trial.State) Scheduler { return newASHA(c, s) }},
	{pashaType, func(c Config, s *trial.State) Scheduler { return newPASHA(c, s) }},
	{"hyperband", func(c Config, s *trial.State) Scheduler { return newHyperband(c, s) }},
	{freezeThawType, func(c Config, s *trial.State) Scheduler { return newFreezeThaw(c, s) }},
	{"median", func(c Config, s *trial.State) Scheduler { return newMedian(c, s) }},
}

// Types is the names Config.Type may have, Auto first.
func Types() []string {
	out := []string{Auto}
	for _, k := range kinds {
		out = append(out, k.name)
	}
	return out
}

// SeveralTypes is the types that know several objectives.
func SeveralTypes() []string { return []string{Auto, "fifo", "asha", "hyperband"} }

// Resolve fills in the defaults and replaces Auto: freezethaw where there are rungs to compare trials on before they are complete,
// else fifo, as with several objectives. On the public suites freezethaw loses least: see docs/search-results.md.
func (c Config) Resolve(study trial.Study) (Config, error) {
	s, objectives := study.Shape, 1+len(study.Others)
	if c.Grace == 0 {
		c.Grace = DefaultGrace
	}
	if c.Type == "" || c.Type == Auto {
		c.Type = pick(s, objectives, c)
	}
	if c.Type == pashaType && c.Percentile == 0 {
		c.Percentile = DefaultPercentile
	}
	if c.Eta == 0 {
		c.Eta = DefaultEta
		if c.Type == freezeThawType {
			c.Eta = DefaultThawEta
		}
	}
	switch {
	case s.Folds < 1 || s.Epochs < 1:
		return c, trial.Errorf(trial.Invalid, "%d folds of %d epochs make no ladder", s.Folds, s.Epochs)
	case c.Eta < 2:
		return c, trial.Errorf(trial.Invalid, "eta is %d", c.Eta).WithHint("of eta trials on a rung one goes on: eta is 2 or more")
	case c.Grace < 0 || c.Brackets < 0 || c.Trials < 0 || c.Startup < 0:
		return c, trial.Errorf(trial.Invalid, "grace %d, brackets %d, trials %d and startup %d must not be negative", c.Grace, c.Brackets,
			c.Trials, c.Startup)
	case !(c.Percentile >= 0 && c.Percentile <= 100):
		return c, trial.Errorf(trial.Invalid, "a percentile of %g", c.Percentile).WithHint("it is from 0 to 100, as 90")
	}
	c.Grace = min(c.Grace, s.Epochs)
	if objectives > 1 && slices.Contains(Types(), c.Type) && !slices.Contains(SeveralTypes(), c.Type) {
		return c, trial.Errorf(trial.Invalid, "the scheduler %s looks at one objective, and there are %d", c.Type, objectives).
			WithHint("use one of %s", strings.Join(SeveralTypes(), ", "))
	}
	return c, nil
}

func pick(s trial.Shape, objectives int, c Config) string {
	if objectives == 1 && (s.Folds > 1 || s.Epochs > c.Grace) {
		return freezeThawType
	}
	return "fifo"
}

// New makes the scheduler of a study. The state must be fresh, with no event applied: what the scheduler knows comes from the
// events it is given, each after the state has taken it. From then on it only reads the state.
func New(c Config, s *trial.State) (Scheduler, error) {
	c, err := c.Resolve(s.Study)
	if err != nil {
		return nil, err
	}
	if s.Seq != 0 {
		return nil, trial.Errorf(trial.Internal, "a scheduler was made after event %d: it must see the record from the start", s.Seq)
	}
	race, err := c.Race.resolve(s.Study)
	if err != nil {
		return nil, err
	}
	for _, k := range kinds {
		if k.name == c.Type && race.On {
			return newRace(race, k.make(c, s), s), nil
		}
		if k.name == c.Type {
			return k.make(c, s), nil
		}
	}
	return nil, trial.Errorf(trial.Invalid, "no scheduler is called %q", c.Type).
		WithHint("there are: %s", strings.Join(Types(), ", "))
}
