// Package group serves callers in groups: what comes while one group is served is the next one. Where something costs as much for
// many as for one, such as making a file durable, that is what makes many fast and does not make one wait for others to come.
package group

import (
	"context"
	"sync"
)

// Group gathers what its callers bring. It may be used by several goroutines.
type Group[T any] struct {
	// Serve does what is to be done for all of a group, in the order they came, and gives an error for each, or nil when there is none
	// at all. One group is served at a time.
	Serve func(items []T) []error
	// Most is how many of those that wait, from the first on, make a group: one at least. Nil: all.
	Most func(waiting []T) int

	mu      sync.Mutex
	waiting []T
	answers []chan error // one for each that waits
	busy    bool         // somebody serves
}

// Do brings an item and waits until it is served. When ctx ends before that, the item may be served all the same.
func (g *Group[T]) Do(ctx context.Context, item T) error {
	answer := make(chan error, 1)
	g.mu.Lock()
	g.waiting = append(g.waiting, item)
	g.answers = append(g.answers, answer)
	idle := !g.busy
	g.busy = true
	g.mu.Unlock()
	if idle {
		go g.serve()
	}
	select {
	case err := <-answer:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// serve serves group after group until nobody waits.
func (g *Group[T]) serve() {
	for items, answers := g.take(); len(items) > 0; items, answers = g.take() {
		errs := g.Serve(items)
		for i, answer := range answers {
			if errs == nil {
				answer <- nil
			} else {
				answer <- errs[i]
			}
		}
	}
}

// take is the next group; when it is empty, whoever comes next has to begin to serve.
func (g *Group[T]) take() ([]T, []chan error) {
	g.mu.Lock()
	defer g.mu.Unlock()
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
