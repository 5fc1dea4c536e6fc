package schedulers

import (
	"slices"

	"automl/trial"
)

// standing is what a bracket knows of one of its trials.
type standing struct {
	trial   *trial.Trial
	bracket *bracket
	rung    int      // index of the rung it is on its way to or stands on
	taken   int      // it holds a place on so many rungs, from the first
	entries []*entry // its entry on the boards of the rungs it reached, from the first
	coming  bool     // counted in rung.coming: it has not reached its rung
	waits   bool     // in rung.waiting
	jumper  bool     // counted in bracket.jumpers: it waits and already stands on a higher rung
	full    bool     // trained in full
	broken  bool     // reached its rung without a finite value
	over    bool     // complete, pruned or failed
}

// enter puts a new trial on its way to the first rung.
func (b *bracket) enter(t *trial.Trial) *standing {
	b.started++
	b.rungs[0].coming++
	return &standing{trial: t, bracket: b, coming: true}
}

// arrive puts a trial on the board of its rung, once it has reached it.
func (b *bracket) arrive(s *standing) {
	r := b.rungs[s.rung]
	if !s.coming || s.trial.Done.Less(r.at) {
		return
	}
	b.stopComing(s)
	if full := !s.trial.Done.Less(b.shape.Full()); full && !s.full {
		s.full = true
		b.through++
	}
	scores, finite := s.trial.ScoresAt(b.study, r.at)
	if !finite {
		b.leave(s)
		if !s.full {
			s.broken = true
			b.broken = append(b.broken, s.trial.Number)
		}
		return
	}
	losses := b.study.Losses(scores)
	e := &entry{number: s.trial.Number, value: scores[0].Value, key: losses[0], losses: losses, text: b.text(scores)}
	r.board.add(e)
	r.changed = true
	s.entries = append(s.entries, e)
	if s.rung == len(b.rungs)-1 {
		return
	}
	s.waits = true
	r.waiting.add(e)
	r.rerank()
	if s.jumper = !s.trial.Done.Less(b.rungs[s.rung+1].at); s.jumper {
		b.jumpers++
	}
}

// advance gives a waiting trial a place and sends it to the next rung.
func (b *bracket) advance(s *standing) {
	if !s.waits {
		return
	}
	b.stopWaiting(s)
	b.rungs[s.rung].promoted++
	s.taken++
	s.rung++
	s.coming = true
	b.rungs[s.rung].coming++
	b.arrive(s)
}

func (b *bracket) stopComing(s *standing) {
	if s.coming {
		s.coming = false
		b.rungs[s.rung].coming--
	}
}

func (b *bracket) stopWaiting(s *standing) {
	if !s.waits {
		return
	}
	s.waits = false
	b.rungs[s.rung].waiting.remove(s.entries[s.rung])
	if s.jumper {
		s.jumper = false
		b.jumpers--
	}
}

// withdraw takes a trial off its way or its rung. Its entries stay, and the places it took stay taken.
func (b *bracket) withdraw(s *standing) {
	b.stopComing(s)
	b.stopWaiting(s)
}

// leave withdraws a trial as if it had never been in the bracket, which frees its places for others.
func (b *bracket) leave(s *standing) {
	b.withdraw(s)
	for k, e := range s.entries {
		b.rungs[k].board.remove(e)
		b.rungs[k].changed = true
		if k < len(b.rungs)-1 {
			b.rungs[k].rerank()
		}
		if k < s.taken {
			b.rungs[k].promoted--
		}
	}
	s.entries, s.taken = nil, 0
}

// end takes the decision that a trial is over.
func (b *bracket) end(s *standing, how trial.What) {
	s.over = true
	if s.full {
		b.through--
	}
	if s.broken {
		b.broken = slices.DeleteFunc(b.broken, func(n int) bool { return n == s.trial.Number })
	}
	switch how {
	case trial.Failed:
		b.leave(s)
	case trial.Pruned:
		b.withdraw(s)
	case trial.Completed:
		// A trial that got here early, because its folds ended early, keeps its rank among those that wait on its rung, and takes
		// a place once it is among the best: it needs no training, but the better it is the fewer others have to be trained.
		b.stopComing(s)
		if len(s.entries) > 0 {
			b.complete++
		}
	}
}

// settle takes further rungs into use, and moves trials that jumped over rungs, because a fold of theirs ended early, up to where
// they stand: as they would have to be promoted there, only without any training in between.
func (b *bracket) settle(of func(number int) *standing) {
	b.refresh()
	for b.grow(of) || b.jumpers > 0 && b.settleOne(of) {
		b.refresh()
	}
}

func (b *bracket) settleOne(of func(number int) *standing) bool {
	for _, r := range b.rungs {
		for _, e := range r.waiting[:r.places] {
			if s := of(e.number); s.jumper {
				b.advance(s)
				return true
			}
		}
	}
	return false
}
