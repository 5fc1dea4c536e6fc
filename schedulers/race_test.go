package schedulers_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"automl/schedulers"
	"automl/schedulers/simulate"
	"automl/trial"
)

// raced is a study of trials whose values are a trial effect, a fold effect and noise.
type raced struct {
	study  trial.Study
	values [][]float64 // trial, fold
}

func drawRaced(t *rapid.T) raced {
	k := rapid.IntRange(2, 10).Draw(t, "k")
	goal := rapid.SampledFrom([]trial.Goal{trial.Maximize, trial.Minimize}).Draw(t, "goal")
	rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	folds := make([]float64, k)
	for j := range folds {
		folds[j] = 0.02 * rng.NormFloat64()
	}
	out := raced{study: trial.Study{ID: "s", Name: "s", Seed: rng.Uint64(), Shape: trial.Shape{Folds: k, Epochs: 2},
		Objective: trial.Objective{Metric: "m", Goal: goal, Folds: trial.Mean}}}
	for range rapid.IntRange(5, 40).Draw(t, "trials") {
		a, row := 0.9-0.03*rng.ExpFloat64(), make([]float64, k)
		for j := range row {
			row[j] = a + folds[j] + 0.01*rng.NormFloat64()
			if goal == trial.Minimize {
				row[j] = 1 - row[j]
			}
		}
		out.values = append(out.values, row)
	}
	return out
}

func (r raced) play(t *rapid.T, c schedulers.Config, workers int) *simulate.Game {
	c.Trials = len(r.values)
	newScheduler := func(s *trial.State) schedulers.Scheduler {
		sched, err := schedulers.New(c, s)
		if err != nil {
			t.Fatal(err)
		}
		return sched
	}
	g, err := simulate.Play(newScheduler, r.study, simulate.World{Workers: workers,
		Value: func(n, fold, epoch int) float64 { return r.values[n][fold] }})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Replay(newScheduler); err != nil {
		t.Fatal(err)
	}
	return g
}

var raceReason = regexp.MustCompile(`^fold race after fold (\d+): m \S+ over (\d+) of (\d+) folds, expected over all \S+; ` +
	`the chance to beat trial (\d+) with \S+ is (\S+)%, below (\S+)% \(the forgiving rule would (keep|stop) it( too)?\)$`)

// TestRaceSaysWhy holds every stop of the race to its reason: an incumbent that is complete, an estimate that is worse, a chance
// below a threshold that belongs to the fold and is twice as strict for a trial that the forgiving rule would keep.
func TestRaceSaysWhy(t *testing.T) {
	stops := 0
	rapid.Check(t, func(t *rapid.T) {
		r := drawRaced(t)
		g := r.play(t, schedulers.Config{Type: "fifo", Race: schedulers.Race{On: true}}, rapid.IntRange(1, 4).Draw(t, "workers"))
		state, o, k := trial.NewState(r.study), r.study.Objective, r.study.Shape.Folds
		for _, e := range g.Events {
			if d := e.Decision; d != nil && d.What == trial.Pruned {
				stops++
				why := raceReason.FindStringSubmatch(d.Reason)
				if why == nil {
					t.Fatalf("trial %d: %s", d.Trial, d.Reason)
				}
				number := func(i int) float64 { v, _ := strconv.ParseFloat(why[i], 64); return v }
				best, done := state.Trial(int(number(4))), int(number(2))
				if best.Status != trial.Complete || best != state.Best() || done != d.At.Fold+1 || number(1) != float64(d.At.Fold) {
					t.Errorf("trial %d of %s, at %s: %s", best.Number, best.Status, d.At, d.Reason)
				}
				if !o.Better(*d.Threshold, *d.Value) || number(5) > number(6) {
					t.Errorf("value %g, threshold %g: %s", *d.Value, *d.Threshold, d.Reason)
				}
				theirs := slices.Clone(r.values[best.Number])
				slices.SortFunc(theirs, func(a, b float64) int { return map[bool]int{true: -1, false: 1}[o.Better(a, b)] })
				mine, _ := state.Trial(d.Trial).Score(o, r.study.Shape)
				kept := !o.Better(theirs[k-1], mine.Value)
				limit := 5 * float64(2*(k-done)) / float64(k*(k-1))
				if kept {
					limit /= 2
				}
				if (why[7] == "keep") != kept || number(6) > limit*1.06 { // it is shown in two digits
					t.Errorf("kept %v, limit %g%%: %s", kept, limit, d.Reason)
				}
			}
			if err := state.Apply(e); err != nil {
				t.Fatal(err)
			}
		}
	})
	if stops == 0 {
		t.Error("nothing was ever stopped")
	}
}

// TestRaceOnlyAddsStops: when all of its stops are waived, a study goes as it would without a race but for the audit in its record.
func TestRaceOnlyAddsStops(t *testing.T) {
	audits := 0
	rapid.Check(t, func(t *rapid.T) {
		r := drawRaced(t)
		c := schedulers.Config{Type: rapid.SampledFrom([]string{"fifo", "asha", "hyperband", "median", "freezethaw"}).Draw(t, "type"), Grace: 1}
		workers := rapid.IntRange(1, 4).Draw(t, "workers")
		without := r.play(t, c, workers)
		c.Race = schedulers.Race{On: true, Audit: 1}
		with := r.play(t, c, workers)
		tell := func(g *simulate.Game) (out []string) {
			for _, e := range g.Events {
				if d := e.Decision; d != nil && d.What == trial.Audited {
					audits++
				} else if d != nil {
					out = append(out, strconv.Itoa(d.Trial)+" "+string(d.What)+" "+d.Reason)
				}
			}
			return out
		}
		if diff := cmp.Diff(tell(without), tell(with)); diff != "" {
			t.Errorf("-without a race +with one whose stops are waived:\n%s", diff)
		}
	})
	if audits == 0 {
		t.Error("nothing was ever audited")
	}
}

// TestRaceAudit: about the share of the trials that lost runs on, each with one mark in the record, and is not stopped later.
func TestRaceAudit(t *testing.T) {
	audited, stopped := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		g := drawRaced(t).play(t, schedulers.Config{Type: "fifo", Race: schedulers.Race{On: true, Audit: 0.3}}, 2)
		for _, q := range g.State.Trials {
			switch {
			case q.Audit != nil && q.Status != trial.Complete:
				t.Errorf("trial %d is audited and %s", q.Number, q.Status)
			case q.Audit != nil && !strings.HasSuffix(q.Audit.Reason, "as one of the audited share"):
				t.Errorf("trial %d: %s", q.Number, q.Audit.Reason)
			case q.Audit != nil:
				audited++
			case q.Status == trial.PrunedState:
				stopped++
			}
		}
		if g.State.Audit().Audited != g.State.Audit().Judged {
			t.Errorf("%+v", g.State.Audit())
		}
	})
	if share := float64(audited) / float64(audited+stopped); share < 0.2 || share > 0.4 {
		t.Errorf("%d of %d that lost were audited", audited, audited+stopped)
	}
}

// TestRaceRarelyStopsTheBest holds the race to its risk on studies that are as its model says, the hardest ones: all trials alike.
func TestRaceRarelyStopsTheBest(t *testing.T) {
	const studies, trials, k = 200, 30, 5
	missed, epochs := 0, 0
	for seed := range uint64(studies) {
		rng := rand.New(rand.NewPCG(seed, 2))
		values := make([][k]float64, trials)
		folds := [k]float64{}
		for j := range folds {
			folds[j] = 0.015 * rng.NormFloat64()
		}
		for i := range values {
			a := 0.01 * rng.NormFloat64()
			for j := range k {
				values[i][j] = a + folds[j] + 0.0075*rng.NormFloat64()
			}
		}
		best := 0
		for i := range values {
			if sum(values[i][:]) > sum(values[best][:]) {
				best = i
			}
		}
		g, err := simulate.Play(maker(t, schedulers.Config{Type: "fifo", Trials: trials, Race: schedulers.Race{On: true}}),
			trial.Study{ID: "s", Name: "s", Seed: seed, Shape: trial.Shape{Folds: k, Epochs: 1}, Objective: trial.Objective{Metric: "m",
				Goal: trial.Maximize}}, simulate.World{Workers: 1, Value: func(n, fold, _ int) float64 { return values[n][fold] }})
		if err != nil {
			t.Fatal(err)
		}
		if g.State.Trial(best).Status != trial.Complete {
			missed++
		}
		epochs += g.State.EpochsRun()
	}
	if missed > studies*5/100 {
		t.Errorf("the best trial was stopped in %d of %d studies", missed, studies)
	}
	if share := float64(epochs) / (studies * trials * k); share > 0.75 {
		t.Errorf("the race trained a share of %.2f", share)
	}
}

func sum(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s
}

func TestRaceRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		race  schedulers.Race
		shape trial.Shape
		folds trial.Aggregate
		want  string

		others []trial.Objective
	}{
		"one fold":   {schedulers.Race{On: true}, trial.Shape{Folds: 1, Epochs: 3}, trial.Mean, "2 folds or more", nil},
		"the median": {schedulers.Race{On: true}, trial.Shape{Folds: 3, Epochs: 3}, trial.Median, "mean", nil},
		"a risk":     {schedulers.Race{On: true, Risk: 1.5}, trial.Shape{Folds: 3, Epochs: 3}, trial.Mean, "between 0 and 1", nil},
		"an audit":   {schedulers.Race{On: true, Audit: -1}, trial.Shape{Folds: 3, Epochs: 3}, trial.Mean, "from 0 to 1", nil},
		"two objectives": {schedulers.Race{On: true}, trial.Shape{Folds: 3, Epochs: 3}, trial.Mean, "race: false",
			[]trial.Objective{{Metric: "n", Goal: trial.Minimize}}},
	} {
		s := trial.NewState(trial.Study{Others: c.others, Shape: c.shape, Objective: trial.Objective{Metric: "m", Folds: c.folds}})
		_, err := schedulers.New(schedulers.Config{Race: c.race}, s)
		if trial.CodeOf(err) != trial.Invalid || !strings.Contains(trial.HintOf(err), c.want) {
			t.Errorf("%s: %v, hint %q", name, err, trial.HintOf(err))
		}
	}
}
