package schedulers

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"automl/trial"
)

func (h *halving) Verdict(number int) Verdict {
	s := h.standing(number)
	switch {
	case s == nil:
		return unranked(trial.Stop, trial.Resource{}, "no such trial was sampled")
	case s.over:
		return unranked(trial.Stop, s.trial.Done, s.trial.Reason)
	case s.full:
		return h.fullVerdict(s)
	case s.coming && s.bracket == h.aside:
		return unranked(trial.Continue, s.trial.Done, "the probe is trained in full")
	case s.coming:
		return unranked(trial.Continue, s.trial.Done, "on its way to "+s.bracket.rungName(s.rung))
	case s.broken:
		reason := fmt.Sprintf("%s: no finite %s", h.where(s), s.bracket.metrics())
		return unranked(trial.Stop, s.bracket.rungs[s.rung].at, reason)
	}
	return h.waitingVerdict(s)
}

func unranked(v trial.Verb, at trial.Resource, reason string) Verdict {
	return Verdict{Verb: v, At: at, Value: math.NaN(), Threshold: math.NaN(), Reason: reason}
}

// fullVerdict is the verdict on a trial that is trained in full.
func (h *halving) fullVerdict(s *standing) Verdict {
	b := s.bracket
	full := b.shape.Full()
	scores, finite := s.trial.ScoresAt(b.study, full)
	if !finite {
		return unranked(trial.Stop, full, "trained in full, without a finite "+b.metrics())
	}
	v := unranked(trial.Stop, full, "trained in full: "+b.text(scores))
	if v.Value = scores[0].Value; b.shape.Folds > 1 {
		v.Reason += fmt.Sprintf(" over %d folds, which differ by %s", b.shape.Folds, show(scores[0].Std))
	}
	return v
}

// waitingVerdict is the verdict on a trial at a rung: among those that go on, waiting, or without hope.
func (h *halving) waitingVerdict(s *standing) Verdict {
	b, k := s.bracket, s.rung
	r, e := b.rungs[k], s.entries[k]
	i, rank := r.waiting.rank(e), r.board.rank(e)+1
	best := r.promoted + r.places
	v := unranked(trial.Pause, r.at, fmt.Sprintf("%s: %s, ranked %d of %d", h.where(s), e.text, rank, len(r.board)))
	v.Value = e.value
	if len(e.losses) > 1 {
		v.Reason += " by non-dominated sorting"
	}
	switch {
	case i < r.places && rank > best:
		v.Threshold = e.value
		v.Reason += fmt.Sprintf("; goes on to %s, as no better one is left%s", b.rungName(k+1), b.why(k))
	case i < r.places:
		v.Threshold = r.bar(best)
		v.Reason += fmt.Sprintf("; the best %s to %s%s", goOn(best), b.rungName(k+1), b.why(k))
	case i >= b.hopes(k) && rank > r.quota:
		v.Verb, v.Threshold = trial.Stop, r.bar(r.quota)
		v.Reason += "; the best " + goOn(r.quota) + b.only(k)
	case i >= b.hopes(k):
		v.Verb, v.Threshold = trial.Stop, h.weakest(b, k)
		v.Reason += fmt.Sprintf(", but the places (%d) went to trials that came before it or are better", r.quota)
	case r.held:
		v.Reason += fmt.Sprintf("; waits, %s", b.alike())
	case best == 0:
		v.Reason += "; waits for more trials to be compared with"
	case rank <= best:
		v.Threshold = h.weakest(b, k)
		v.Reason += fmt.Sprintf("; waits, the places so far (%d) are taken", best)
	default:
		v.Threshold = r.bar(best)
		v.Reason += fmt.Sprintf("; waits, so far the best %s", goOn(best))
	}
	switch {
	case len(e.losses) > 1:
		v.Threshold = math.NaN() // a value of the leading objective alone bounds nothing
	case !math.IsNaN(v.Threshold):
		v.Reason += ", threshold " + show(v.Threshold)
	}
	return v
}

// bar is the value of the n-th best trial on the rung, or of the last when there are fewer.
func (r *rung) bar(n int) float64 { return r.board[min(n, len(r.board))-1].value }

// weakest is the lowest value among the trials that hold a place on rung k.
func (h *halving) weakest(b *bracket, k int) float64 {
	board := b.rungs[k].board
	for i := len(board) - 1; i >= 0; i-- {
		if h.trials[board[i].number].taken > k {
			return board[i].value
		}
	}
	return math.NaN()
}

// text is the values of a trial for a person.
func (b *bracket) text(scores []trial.Score) string {
	parts := make([]string, len(scores))
	for i, o := range b.study.Objectives() {
		parts[i] = o.Metric + " " + show(scores[i].Value)
	}
	return strings.Join(parts, ", ")
}

// metrics is what is optimized, for a person.
func (b *bracket) metrics() string {
	names := []string{}
	for _, o := range b.study.Objectives() {
		names = append(names, o.Metric)
	}
	return strings.Join(names, " or ")
}

func (h *halving) where(s *standing) string {
	if len(h.brackets) == 1 {
		return h.name + ", " + s.bracket.rungName(s.rung)
	}
	return fmt.Sprintf("%s bracket %d, %s", h.name, s.bracket.number, s.bracket.rungName(s.rung))
}

// rungName is a rung for a person, by its number on the ladder.
func (b *bracket) rungName(k int) string {
	return fmt.Sprintf("rung %d (%s)", b.number+k, b.rungs[k].at)
}

func (h *halving) startReason(b *bracket) string {
	of := ""
	if b.size != unlimited {
		of = fmt.Sprintf(" of %d", b.size)
	}
	if len(h.brackets) == 1 {
		return fmt.Sprintf("%s: new trial %d%s", h.name, b.started+1, of)
	}
	return fmt.Sprintf("%s bracket %d: new trial %d%s", h.name, b.number, b.started+1, of)
}

func (h *halving) finishReason() string {
	var complete, pruned, failed int
	for _, s := range h.trials {
		switch s.trial.Status {
		case trial.Complete:
			complete++
		case trial.PrunedState:
			pruned++
		case trial.Fail:
			failed++
		}
	}
	return fmt.Sprintf("all %d trials are over: %d complete, %d pruned, %d failed", len(h.trials), complete, pruned, failed)
}

func goOn(n int) string {
	if n == 1 {
		return "1 goes on"
	}
	return fmt.Sprintf("%d go on", n)
}

// show is a value for a person, in five digits.
func show(v float64) string { return strconv.FormatFloat(v, 'g', 5, 64) }
