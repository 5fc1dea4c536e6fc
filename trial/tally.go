package trial

import "slices"

// tally is what is asked of a state again and again, counted as the events come in, so that a study of ten thousand trials answers
// as fast as a young one.
type tally struct {
	open, queued, given int
	waiting             []int // numbers, ascending
}

// standing is what a tally counts of a trial.
type standing struct{ open, queued, waiting bool }

func (t *Trial) standing() standing {
	return standing{open: t.Open != nil, queued: t.Open != nil && t.Open.Run == "", waiting: t.Open == nil && t.Status == Waiting}
}

// move counts a trial where it stands now instead of where it stood.
func (c *tally) move(number int, was, is standing) {
	c.open += count(is.open) - count(was.open)
	c.queued += count(is.queued) - count(was.queued)
	if was.waiting == is.waiting {
		return
	}
	i, _ := slices.BinarySearch(c.waiting, number)
	if is.waiting {
		c.waiting = slices.Insert(c.waiting, i, number)
	} else {
		c.waiting = slices.Delete(c.waiting, i, i+1)
	}
}

func count(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// Open is how many attempts are out: queued or leased.
func (s *State) Open() int { return s.tally.open }

// Queued is how many attempts are out that no run has a lease of.
func (s *State) Queued() int { return s.tally.queued }

// Given is how many trials have a configuration that no sampler proposed: the probe, and what users asked for.
func (s *State) Given() int { return s.tally.given }

// Idle is the trials that wait for an attempt, by number: enqueued ones, and those whose last attempt broke or was interrupted.
// Paused ones are not among them. Do not change it.
func (s *State) Idle() []int { return s.tally.waiting }
