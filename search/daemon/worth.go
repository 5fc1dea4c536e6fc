package daemon

import (
	"math"

	"automl/trial"
)

// weigh tells a runner that has little room left what the checkpoints are worth that it has named and that are not needless.
func (d *Daemon) weigh(info trial.RunnerInfo) {
	if info.Disk == nil || !info.Disk.Weigh {
		return
	}
	var out []trial.Outbound
	for _, key := range info.Kept {
		if !d.needless(key) {
			out = append(out, trial.Outbound{Key: key, Verb: trial.Keep, Worth: d.worth(info, key)})
		}
	}
	if err := d.Bus.Send(info.Run, out...); err != nil {
		d.Log.Warn().Err(err).Str("run", info.Run).Msg("answer a runner") // it asks again
	}
}

// worth is the training that is likely to be done again without the checkpoints of a trial, in seconds: what its open fold has taken so far,
// times the chance that it goes on. One that waits for its next attempt does. Of those that are paused at the same resource the best surely
// goes on, and the others the less likely the more of them are better: so the chance of a promotion is estimated from the rank, as in the
// speculative removal of checkpoints of Syne Tune (Salinas et al. 2022, AutoML Conf). Those are compared that the runner has named.
func (d *Daemon) worth(info trial.RunnerInfo, key trial.Key) float64 {
	c := d.core(key.Study)
	if c == nil {
		return 0 // of another daemon
	}
	t := c.state.Trial(key.Trial)
	if t == nil || t.Done.Epoch >= c.spec.Study.Shape.Epochs {
		return 0 // the next fold begins without one
	}
	if _, elsewhere := d.runners[t.Run]; elsewhere && t.Run != info.Run {
		return 0 // that one has trained it further since
	}
	again := t.Seconds / float64(max(1, t.Epochs+t.Extra)) * float64(t.Done.Epoch)
	if t.Status != trial.PausedState || t.Open != nil {
		return again
	}
	return again * c.odds(t, info.Kept)
}

// odds is the rank of a paused trial among those of the same study that are paused where it is: 1 of the best, 1/n of the last.
func (c *core) odds(t *trial.Trial, kept []trial.Key) float64 {
	study := c.spec.Study
	own := math.NaN() // of no value: the worst
	if v, ok := t.ScoreAt(study.Objective, study.Shape, t.Done); ok {
		own = v.Value
	}
	all, better := 1, 0
	for _, key := range kept {
		if key.Study != study.ID || key.Trial == t.Number {
			continue
		}
		other := c.state.Trial(key.Trial)
		if other == nil || other.Status != trial.PausedState || other.Done != t.Done {
			continue
		}
		all++
		if v, ok := other.ScoreAt(study.Objective, study.Shape, t.Done); ok && study.Objective.Better(v.Value, own) {
			better++
		}
	}
	return 1 - float64(better)/float64(all)
}
