package sim

import (
	"math"
	"slices"

	"automl/trial"
)

// eta is how many trials of a rung there are for one that goes on.
const eta = 3

// bracket is one successive halving. A rung is closed when all its trials have reached it; the best 1/eta go on.
type bracket struct {
	owner  *hyperband
	rung   int
	trials []int
	queue  []int
}

func (b *bracket) next() (Job, bool) {
	full := b.owner.problem.Task.Epochs
	if len(b.queue) == 0 && b.rung < full && !slices.ContainsFunc(b.trials, func(n int) bool { return b.owner.epochs[n] < b.rung }) {
		slices.SortStableFunc(b.trials, b.owner.better)
		b.trials = b.trials[:max(1, len(b.trials)/eta)]
		b.rung = min(full, b.rung*eta)
		b.queue = slices.Clone(b.trials)
	}
	if len(b.queue) == 0 {
		return Job{}, false
	}
	number := b.queue[0]
	b.queue = b.queue[1:]
	return b.owner.job(number, b.rung), true
}

func (b *bracket) over() bool { return len(b.queue) == 0 && b.rung >= b.owner.problem.Task.Epochs }

// hyperband runs brackets from the most aggressive on, repeated. While a rung waits for its last results, a free worker opens
// the next bracket.
type hyperband struct {
	*reference
	smax, s  int
	brackets []*bracket
}

func newHyperband(p Problem, anyhow bool) *hyperband {
	h := &hyperband{reference: newReference(p, anyhow)}
	for r := eta; r <= p.Task.Epochs; r *= eta {
		h.smax++
	}
	h.s = h.smax
	return h
}

// Ask takes the first bracket that has work, or opens another.
func (h *hyperband) Ask() (Job, Answer) {
	for {
		for _, b := range h.brackets {
			if job, ok := b.next(); ok {
				return job, Work
			}
		}
		h.brackets = slices.DeleteFunc(h.brackets, (*bracket).over)
		b := h.open()
		if len(b.trials) == 0 {
			return Job{}, Wait
		}
		if h.s--; h.s < 0 {
			h.s = h.smax
		}
		h.brackets = append(h.brackets, b)
	}
}

func (h *hyperband) open() *bracket {
	power := math.Pow(eta, float64(h.s))
	n := int(math.Ceil(float64(h.smax+1) / float64(h.s+1) * power))
	first := math.RoundToEven(float64(h.problem.Task.Epochs) / power)
	b := &bracket{owner: h, rung: max(1, int(first))}
	for range n {
		if number, ok := h.start(); ok {
			b.trials = append(b.trials, number)
		}
	}
	b.queue = slices.Clone(b.trials)
	return b
}

// asha is asynchronous successive halving with promotions: paused trials go on. Rungs are 1, eta, eta^2, ... and the end.
type asha struct {
	*reference
	rungs    []int
	board    [][]int // trials that reached a rung, in the order they did
	score    [][]float64
	promoted []map[int]bool
}

func newASHA(p Problem, anyhow bool) *asha {
	a := &asha{reference: newReference(p, anyhow)}
	for r := 1; r < p.Task.Epochs; r *= eta {
		a.rungs = append(a.rungs, r)
	}
	a.rungs = append(a.rungs, p.Task.Epochs)
	a.board, a.score = make([][]int, len(a.rungs)), make([][]float64, len(a.rungs))
	for range a.rungs {
		a.promoted = append(a.promoted, map[int]bool{})
	}
	return a
}

// Ask promotes on the highest rung it can, or starts a trial.
func (a *asha) Ask() (Job, Answer) {
	for k := len(a.rungs) - 2; k >= 0; k-- {
		for _, number := range a.top(k) {
			if !a.promoted[k][number] {
				a.promoted[k][number] = true
				return a.job(number, a.rungs[k+1]), Work
			}
		}
	}
	number, ok := a.start()
	if !ok {
		return Job{}, Wait
	}
	return a.job(number, a.rungs[0]), Work
}

// top is the best 1/eta of the trials on a rung.
func (a *asha) top(k int) []int {
	order := make([]int, len(a.board[k]))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int {
		switch {
		case a.score[k][i] > a.score[k][j]:
			return -1
		case a.score[k][i] < a.score[k][j]:
			return 1
		}
		return 0
	})
	order = order[:len(order)/eta]
	for i, at := range order {
		order[i] = a.board[k][at]
	}
	return order
}

// Tell notes the value; on a rung, for good.
func (a *asha) Tell(number, epoch int, value, seconds float64) trial.Verb {
	a.reference.Tell(number, epoch, value, seconds)
	if k := slices.Index(a.rungs, epoch); k >= 0 {
		a.board[k], a.score[k] = append(a.board[k], number), append(a.score[k], a.value[number])
	}
	return trial.Continue
}
