package schedulers

import (
	"math"

	"automl/trial"
)

// unlimited stands for a number of trials that nobody knows yet. It is small enough to be added up.
const unlimited = math.MaxInt32

// rung is one rung of a bracket and the trials that have reached it.
type rung struct {
	at       trial.Resource
	planned  int     // how many trials are meant to reach it
	quota    int     // how many of these may go on in the end: its places
	held     bool    // nobody goes on before it is known whether the rungs above are needed
	changed  bool    // the board is another since growth has looked at it
	coming   int     // trials on their way to it
	promoted int     // places taken
	inflow   int     // trials that may still arrive on it
	open     int     // how many of those on the board may have gone on by now
	places   int     // how many of the waiting trials, from the best down, may go on now
	board    ranking // every trial that reached it with a finite value and has not failed since
	waiting  ranking // those on the board that may still be promoted
}

// bracket is one successive halving: its trials all start on its first rung.
type bracket struct {
	number   int // from 1
	eta      int
	shape    trial.Shape
	study    trial.Study
	rungs    []*rung
	growth   *growth // how many of the rungs are in use; nil: all
	share    int     // its part of the new trials, in proportion to the shares of the others
	started  int
	size     int   // how many trials it will have started in the end, as far as is known
	broken   []int // trials that reached their rung without a finite value, not yet recorded as pruned
	through  int   // trials trained in full, not yet recorded as complete
	complete int   // trials complete with a finite value
	jumpers  int   // waiting trials that already stand on a higher rung
	rests    bool  // nothing will ever happen in it again but pruning
}

// newBracket makes a bracket on the ladder's rungs from index first on.
func newBracket(l Ladder, first, eta int, s trial.Study) *bracket {
	b := &bracket{number: first + 1, eta: eta, shape: s.Shape, study: s}
	for _, at := range l[first:] {
		b.rungs = append(b.rungs, &rung{at: at})
	}
	return b
}

// resize takes how many trials the bracket will have started in the end, or unlimited.
func (b *bracket) resize(size int) {
	b.size = size
	if size == unlimited {
		for _, r := range b.rungs {
			r.planned = unlimited
		}
		return
	}
	for k, n := range sizes(size, len(b.rungs), b.eta) {
		b.rungs[k].planned = n
	}
}

// refresh works out anew, from the first rung up, what may still happen in the bracket. It follows every change.
func (b *bracket) refresh() {
	from := b.size - b.started
	b.rests = from == 0 && b.through == 0
	for k, r := range b.rungs {
		r.inflow = r.coming + from
		r.open, r.places = 0, 0
		if k == len(b.rungs)-1 {
			b.rests = b.rests && r.coming == 0
			return
		}
		r.quota = b.rungs[k+1].planned
		if r.held = k == b.top() && r.inflow > 0; !r.held {
			if k >= b.top() {
				r.quota = 1 // what has come this far is ranked for good: only the winner is trained in full
			}
			r.open = r.released(b.eta)
			r.places = r.passing()
		}
		b.rests = b.rests && r.coming == 0 && r.places == 0
		if from = r.places; r.inflow > 0 {
			from = min(max(0, r.quota-r.promoted), len(r.waiting)+r.inflow)
		}
	}
}

// released is how many trials may have gone on by now. While more may arrive, places are released as trials arrive, in
// proportion, so that the last place is still free when the last trial comes; when none can come any more, all are.
func (r *rung) released(eta int) int {
	switch {
	case r.quota == unlimited:
		return len(r.board) / eta
	case r.inflow > 0:
		return min(r.quota, len(r.board)*r.quota/r.planned)
	}
	return r.quota
}

// passing is how many of the waiting trials may go on: as many as there are places, if they are among the best of the whole
// board, those pruned included. When everybody better has failed or is pruned, the best that is left may go on all the same, so
// that there is a winner.
func (r *rung) passing() int {
	n := min(len(r.waiting), max(0, r.open-r.promoted))
	least := 0
	if r.promoted == 0 {
		least = min(n, 1)
	}
	for n > least && r.board.rank(r.waiting[n-1]) >= r.open {
		n--
	}
	return n
}

// hopes is how many of the waiting trials of rung k, from the best down, might ever go on; the others are pruned at once. Until
// the bracket has a complete trial that is one more than there are places: a reserve in case one of the promoted trials fails.
func (b *bracket) hopes(k int) int {
	r := b.rungs[k]
	switch {
	case b.rests:
		return 0
	case r.quota == unlimited:
		return len(r.waiting)
	case len(b.study.Others) > 0 && r.inflow > 0:
		return len(r.waiting) // a new trial may push many down past one that is far behind now
	}
	n := max(0, r.quota-r.promoted)
	if b.complete == 0 {
		n++
	}
	return min(n, len(r.waiting))
}
