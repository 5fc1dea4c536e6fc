package search

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"automl/trial"
)

// Sampler proposes the parameters of new trials. It is pure: what it draws comes from the given source and the seed of the
// study alone, so the same seed and the same history give the same proposal.
type Sampler interface {
	// Sample proposes parameters inside the space for the next trial, given everything the study knows: finished, paused,
	// pruned, failed and running trials (the last ones are pending: their values are not known, but they must not be
	// proposed again). ErrExhausted when each configuration of the space has a trial.
	Sample(s *trial.State, source *rand.Rand) (trial.Params, error)
}

// Source is the random source of a trial: derived, never stored, never global.
func Source(seed uint64, number int) *rand.Rand {
	return rand.New(rand.NewPCG(seed, uint64(number)))
}

// Config says which sampler a study uses. A zero field means the default.
type Config struct {
	Type       string   // one of Types; default: auto
	Startup    int      // tpe, gp, ehvi, nsga2: trials with a value before others follow from them; default: 10, nsga2 20
	Candidates int      // tpe: points drawn from the good density, of which the best is proposed; default: 24
	Gamma      float64  // tpe: share of the trials that counts as good, (0, 1); default: 0.1
	MaxGood    int      // tpe: most trials that count as good; default: 25
	Points     int      // grid: values of a float without a step; default: 5
	Population int      // nsga2: so many of the best trials are parents; default: a sixth of the trials, 12 to 50
	Objectives int      // of the study; 0 is one
	Cost       bool     // tpe, gp: prefer what is cheap, see costs; auto decides by itself
	Spending   Spending // the budget, for Cost
	Known      []Known  // results from elsewhere; all samplers but grid begin with the best, tpe and gp learn from all
}

// The types of samplers.
const (
	AutoType   = "auto" // picks one: gp, or tpe after a thousand trials; with several objectives ehvi, or nsga2 in a wide space
	TPEType    = "tpe"
	GPType     = "gp"
	RandomType = "random"
	SobolType  = "sobol"
	GridType   = "grid"
	CMAESType  = "cmaes"
	NSGA2Type  = "nsga2"
	EHVIType   = "ehvi"
)

// Types lists the types of samplers, the default first.
func Types() []string {
	return []string{AutoType, TPEType, GPType, RandomType, SobolType, GridType, CMAESType, NSGA2Type, EHVIType}
}

// SeveralTypes lists the types of samplers that know several objectives, or need none. The others look at the leading one alone.
func SeveralTypes() []string {
	return []string{AutoType, EHVIType, NSGA2Type, RandomType, SobolType, GridType}
}

// withDefaults fills what is zero.
func (c Config) withDefaults() Config {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	def(&c.Startup, 10)
	def(&c.Candidates, 24)
	def(&c.MaxGood, 25)
	def(&c.Points, 5)
	def(&c.Objectives, 1)
	if c.Type == "" {
		c.Type = AutoType
	}
	if c.Gamma == 0 {
		c.Gamma = 0.1
	}
	return c
}

// Validate checks the settings.
func (c Config) Validate() error {
	c = c.withDefaults()
	switch {
	case !slices.Contains(Types(), c.Type):
		return trial.Errorf(trial.Invalid, "there is no sampler %q", c.Type).WithHint("use one of %s", strings.Join(Types(), ", "))
	case c.Startup < 1 || c.Candidates < 1 || c.MaxGood < 1:
		return trial.Errorf(trial.Invalid, "startup %d, candidates %d and max_good %d must be at least 1", c.Startup, c.Candidates, c.MaxGood)
	case c.Objectives > 1 && !slices.Contains(SeveralTypes(), c.Type):
		return trial.Errorf(trial.Invalid, "the sampler %s looks at one objective, and there are %d", c.Type, c.Objectives).
			WithHint("use one of %s", strings.Join(SeveralTypes(), ", "))
	case c.Population != 0 && c.Population < 2:
		return trial.Errorf(trial.Invalid, "population %d must be at least 2", c.Population)
	case c.Points < 1 || c.Points > maxPoints:
		return trial.Errorf(trial.Invalid, "points %d must lie between 1 and %d", c.Points, maxPoints)
	case !(c.Gamma > 0 && c.Gamma < 1):
		return trial.Errorf(trial.Invalid, "gamma %v must lie between 0 and 1", c.Gamma)
	}
	return nil
}

// New makes the sampler of a study. It checks the settings and the space.
func New(cfg Config, s Space) (Sampler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	if err := s.Validate(); err != nil {
		return nil, fmt.Errorf("search space: %w", err)
	}
	return open(cfg, s, choose(cfg, s)), nil
}

// choose makes the sampler of a type.
func choose(cfg Config, s Space) Sampler {
	switch cfg.Type {
	case RandomType:
		return NewRandom(s)
	case SobolType:
		return NewSobol(s)
	case GridType:
		return NewGrid(cfg, s)
	case CMAESType:
		return NewCMAES(s)
	case TPEType:
		return NewTPE(cfg, s)
	case EHVIType:
		return NewEHVI(cfg, s)
	case NSGA2Type:
		return NewNSGA2(cfg, s)
	case AutoType, "":
		if cfg.Objectives > 1 {
			return newSeveral(cfg, s)
		}
	}
	return NewGP(cfg, s)
}
