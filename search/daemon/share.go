package daemon

import (
	"math"
	"time"
)

// claim is a study's claim to the slots of the runners. Among studies that want slots, slot-seconds are shared out by weight: a free
// slot goes to the study that has had the fewest by its weight. That is weighted fair queueing by virtual time (Demers, Keshav,
// Shenker 1989; stride scheduling, Waldspurger 1995), where a study that comes, or wanted nothing for a while, begins where the least
// served one stands: nobody saves up a claim, and nobody starves, for whoever is served moves behind those that wait.
//
// What a slot will cost is known when it is free again only. So it counts in advance for as long as the study has kept one so far: else a
// study would be given every slot that comes free until the first of them has cost it something, and then none for as long.
type claim struct {
	weight  float64 // above 0; twice as much, twice as many slots
	used    float64 // slot-seconds had, divided by the weight
	seconds float64 // slot-seconds had
	taken   int     // slots got
	piece   float64 // seconds that a slot it gets is expected to be kept
	held    int     // slots at the last settling
	served  int64   // when it last got a slot, by count; breaks ties
	idle    bool    // it had nothing to do when it was last asked
}

// headway is how many seconds a slot is expected to be kept at least, so that several that are free at once are spread.
const headway = 1.0

// due orders claims: the lowest is served next.
func (q *claim) due(out int) float64 { return q.used + max(headway, q.piece)*float64(out)/q.weight }

// settle charges the time since the last settling, and lifts those that wanted nothing.
func settle(claims []*claim, elapsed time.Duration) {
	least := math.Inf(1)
	for _, q := range claims {
		had := float64(q.held) * elapsed.Seconds()
		q.seconds += had
		q.used += had / q.weight
		if !q.idle {
			least = min(least, q.used)
		}
	}
	for _, q := range claims {
		if q.idle && !math.IsInf(least, 1) {
			q.used = max(q.used, least)
		}
	}
	expect(claims)
}

// expect sets how long a slot is expected to be kept: by what each study has had of those it gave back and half of those it holds, and for
// one that has given none back by what the others did.
func expect(claims []*claim) {
	sum, known := 0.0, 0.0
	for _, q := range claims {
		if q.taken > q.held {
			q.piece = q.seconds / (float64(q.taken) - float64(q.held)/2)
			sum, known = sum+q.piece, known+1
		}
	}
	for _, q := range claims {
		if q.taken <= q.held {
			q.piece = sum / max(1, known)
		}
	}
}

// before tells whether a claim comes before another one, given the slots that each holds.
func (q *claim) before(other *claim, out, others int) bool {
	a, b := q.due(out), other.due(others)
	return a < b || a == b && q.served < other.served
}

// settle brings the claims of all studies up to now.
func (d *Daemon) settle(now time.Time) {
	var all []*claim
	for _, c := range d.cores {
		if !c.spec.External {
			all = append(all, &c.claim)
		}
	}
	settle(all, now.Sub(d.settled))
	d.settled = now
}

// hold notes what each study holds until the next settling.
func (d *Daemon) hold() {
	for _, c := range d.cores {
		c.claim.held = c.out()
	}
}

// nextStudy is the study that a free slot is offered to; nil when none of them has anything to do.
func (d *Daemon) nextStudy(asked map[*core]bool) *core {
	var best *core
	for _, c := range d.cores {
		if !c.spec.External && !asked[c] && (best == nil || c.claim.before(&best.claim, c.out(), best.out())) {
			best = c
		}
	}
	return best
}
