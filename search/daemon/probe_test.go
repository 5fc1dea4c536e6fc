package daemon

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
	"automl/trial/view"
)

var solved = trial.Params{{Name: "head", Value: "solved"}}

// probed is a study that begins with a probe.
func probed() Spec {
	spec := testSpec()
	spec.Probe, spec.Scheduler.Trials = solved, spec.Scheduler.Trials-1
	spec.Enqueue = []trial.Params{{{Name: "lr", Value: 0.5}, {Name: "opt", Value: "adamw"}}}
	return spec
}

// probing gives a probe one epoch a fold of a value of its own, as trainers do.
func probing(value float64) func(a trial.Assignment, fold, epoch int) float64 {
	return func(a trial.Assignment, fold, epoch int) float64 {
		if a.Params.Equal(solved) {
			return value
		}
		return curve(a, fold, epoch)
	}
}

func TestProbeComesFirstAndRunsToTheEnd(t *testing.T) {
	spec := probed()
	s := newSim(t, spec, 1)
	s.value = probing(0.1) // worse than all: nothing stops it
	s.play(2)
	p := s.c.state.Trial(0)
	if p.Origin != trial.FromProbe || !p.Params.Equal(solved) || p.Status != trial.Complete || p.Attempts != 1 || s.c.state.Probe() != p {
		t.Errorf("trial 0 is %v from %s, %s after %d attempts", p.Params, p.Origin, p.Status, p.Attempts)
	}
	if n := len(s.c.state.Trials); n != 16 || s.c.state.Trial(1).Origin != trial.FromUser || s.c.state.Trial(2).Origin != trial.FromSampler {
		t.Errorf("%d trials, the probe included, for a budget of 16", n)
	}
}

// What the sampler proposes, and how far a trial goes, does not hang on what the probe is worth.
func TestProbeTeachesTheSearchNothing(t *testing.T) {
	for _, sampler := range []string{"gp", "tpe", "cmaes", "random"} {
		params := func(value float64) (out []trial.Params) {
			spec := probed()
			spec.Sampler.Type, spec.Sampler.Startup = sampler, 3
			s := newSim(t, spec, 1)
			s.value = probing(value)
			s.play(1)
			for _, tr := range s.c.state.Trials {
				out = append(out, tr.Params)
			}
			return out
		}
		if d := cmp.Diff(params(0.1), params(0.99)); d != "" {
			t.Errorf("%s proposes otherwise after a better probe: %s", sampler, d)
		}
	}
}

func TestProbeWinsWhenItIsTheBest(t *testing.T) {
	s := newSim(t, probed(), 1)
	s.value = probing(0.99)
	s.play(2)
	if best := s.c.state.Best(); best.Number != 0 || best.Artifact == "" {
		t.Errorf("the winner is trial %d, refitted to %q", best.Number, best.Artifact)
	}
	b := view.BestOf(s.c.state, 0)
	if b.Probe == nil || math.Abs(b.Probe.Value-0.99) > 1e-12 || b.Probe.Tuned == nil || b.Probe.Tuned.Gain >= 0 {
		t.Errorf("the yardstick is %v", b.Probe)
	}
}

// Whoever enqueues before anything runs does not come before the probe, nor twice.
func TestProbeComesBeforeWhatIsEnqueued(t *testing.T) {
	s := newSim(t, probed(), 1)
	for range 2 {
		s.do(func(c *core) {
			if _, err := c.enqueue([]trial.Params{{{Name: "lr", Value: 0.25}, {Name: "opt", Value: "adamw"}}}); err != nil {
				t.Fatal(err)
			}
		})
	}
	s.play(1)
	for i, want := range []trial.Origin{trial.FromProbe, trial.FromUser, trial.FromUser, trial.FromSampler} {
		if got := s.c.state.Trial(i); got.Origin != want {
			t.Errorf("trial %d is from %s", i, got.Origin)
		}
	}
}

// A study that was begun without a probe gets none when it goes on.
func TestStudyBegunWithoutAProbeGoesOnWithoutOne(t *testing.T) {
	spec := probed()
	spec.Probe = nil
	before := newSim(t, spec, 1)
	before.fill(2)
	spec.Probe = solved
	c, err := newCore(spec, before.record)
	if err != nil || len(c.own()) != 0 {
		t.Errorf("%v, still to come: %v", err, c.own())
	}
}
