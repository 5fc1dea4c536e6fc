package schedulers

import "automl/trial"

// Next frees what is certain to be over, then promotes from the highest rung down, then starts a new trial.
func (h *halving) Next() Action {
	if a, ok := h.prune(); ok {
		return a
	}
	if a, ok := h.promote(); ok {
		return a
	}
	if h.open() {
		if b := deal(h.brackets); b != nil {
			return Start{Bracket: b.number, To: b.rungs[0].at, Reason: h.startReason(b)}
		}
	}
	if h.over < len(h.trials) {
		return Wait{}
	}
	return Finish{Reason: h.finishReason()}
}

// prune finds a paused trial that has no hope left.
func (h *halving) prune() (Prune, bool) {
	for _, b := range h.brackets {
		for _, number := range b.broken {
			if s := h.trials[number]; s.paused() {
				return h.pruneOf(s), true
			}
		}
		for k, r := range b.rungs {
			keep := b.hopes(k)
			for i := len(r.waiting) - 1; i >= keep; i-- {
				if s := h.trials[r.waiting[i].number]; s.paused() {
					return h.pruneOf(s), true
				}
			}
		}
	}
	return Prune{}, false
}

func (h *halving) pruneOf(s *standing) Prune {
	v := h.Verdict(s.trial.Number)
	return Prune{Trial: s.trial.Number, At: v.At, Value: v.Value, Threshold: v.Threshold, Reason: v.Reason}
}

// promote finds the best paused trial with a place, on the highest rung of the ladder that has one.
func (h *halving) promote() (Promote, bool) {
	for rung := h.rungs - 1; rung > 0; rung-- {
		for _, b := range h.brackets {
			k := rung - b.number
			if k < 0 || k >= len(b.rungs) {
				continue
			}
			for _, e := range b.rungs[k].waiting[:b.rungs[k].places] {
				if s := h.trials[e.number]; s.paused() {
					v := h.waitingVerdict(s)
					return Promote{Trial: e.number, From: s.trial.Done, To: b.rungs[k+1].at,
						Value: v.Value, Threshold: v.Threshold, Reason: v.Reason}, true
				}
			}
		}
	}
	return Promote{}, false
}

// paused tells whether a trial stands still with nothing out: only such a trial can be promoted or pruned by Next.
func (s *standing) paused() bool { return s.trial.Status == trial.PausedState && s.trial.Open == nil }
