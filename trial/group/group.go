// Package group serves callers in groups: what comes while one group is served is the next one. Where something costs as much for
// many as for one, such as making a file durable, that is what makes many fast and does not make one wait for others to come.
package group

import (
	"context"
	"sync"
	"time"
)

// Group gathers what its callers bring. It may be used by several goroutines.
type Group[T any] struct {
	// Serve does what is to be done for all of a group, in the order they came, and gives an error for each, or nil when there is none
	// at all. One group is served at a time.
	Serve func(items []T) []error
	// Most is how many of those that wait, from the first on, make a group: one at least. Nil: all.
	Most func(waiting []T) int
	// Pace is how long after the beginning of a group the next one begins at the earliest: what costs as much for many as for one is then done
	// for more of them. Who comes when nobody was served for so long does not wait.
	Pace time.Duration

	mu      sync.Mutex
	waiting []T
	answers []chan error // one for each that waits, nil for those that want none
	busy    bool         // somebody serves
	brought int64        // so many were
	done    int64        // so many are served
	served  *sync.Cond   // nil: nobody has waited for that
}

// Do brings an item and waits until it is served. When ctx ends before that, the item may be served all the same.
func (g *Group[T]) Do(ctx context.Context, item T) error {
	answer := make(chan error, 1)
	g.add(item, answer)
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Add brings an item and does not wait.
func (g *Group[T]) Add(item T) { g.add(item, nil) }

func (g *Group[T]) add(item T, answer chan error) {
	g.mu.Lock()
	g.waiting = append(g.waiting, item)
	g.answers = append(g.answers, answer)
	g.brought++
	idle := !g.busy
	g.busy = true
	g.mu.Unlock()
	if idle {
		go g.serve()
	}
}

// Wait waits until everything is served that was brought before.
func (g *Group[T]) Wait() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.served == nil {
		g.served = sync.NewCond(&g.mu)
	}
	for all := g.brought; g.done < all; {
		g.served.Wait()
	}
}

// serve serves group after group until nobody waits.
func (g *Group[T]) serve() {
	for items, answers := g.take(0); len(items) > 0; items, answers = g.take(len(items)) {
		begun := time.Now()
		errs := g.Serve(items)
		for i, answer := range answers {
			switch {
			case answer == nil:
			case errs == nil:
				answer <- nil
			default:
				answer <- errs[i]
			}
		}
		if g.Pace > 0 {
			time.Sleep(g.Pace - time.Since(begun))
		}
	}
}

// take is the next group, when so many are served; when it is empty, whoever comes next has to begin to serve.
func (g *Group[T]) take(served int) ([]T, []chan error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done += int64(served)
	if g.served != nil {
		g.served.Broadcast()
	}
	n := len(g.waiting)
	if g.busy = n > 0; !g.busy {
		return nil, nil
	}
	if g.Most != nil {
		n = g.Most(g.waiting)
	}
	items, answers := g.waiting[:n:n], g.answers[:n:n]
	if n == len(g.waiting) {
		g.waiting, g.answers = nil, nil
	} else {
		g.waiting, g.answers = g.waiting[n:], g.answers[n:]
	}
	return items, answers
}
