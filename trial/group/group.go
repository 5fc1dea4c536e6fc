// Package group serves what is brought in groups: what comes while one group is served is the next one. Where something costs as much for
// many as for one, such as making a file durable, that is what makes many fast and does not make one wait for others to come.
package group

import (
	"sync"
	"time"
)

// Group gathers what is brought to it. It may be used by several goroutines.
type Group[T any] struct {
	// Serve does what is to be done for all of a group, in the order they came. One group is served at a time.
	Serve func(items []T)
	// Pace is how long after the beginning of a group the next one begins at the earliest: what costs as much for many as for one is then done
	// for more of them. Who comes when nobody was served for so long does not wait.
	Pace time.Duration

	mu      sync.Mutex
	waiting []T
	busy    bool       // somebody serves
	brought int64      // so many were
	done    int64      // so many are served
	served  *sync.Cond // nil: nobody has waited for that
}

// Add brings an item and does not wait.
func (g *Group[T]) Add(item T) {
	g.mu.Lock()
	g.waiting = append(g.waiting, item)
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
	for items := g.take(0); len(items) > 0; items = g.take(len(items)) {
		begun := time.Now()
		g.Serve(items)
		if g.Pace > 0 {
			time.Sleep(g.Pace - time.Since(begun))
		}
	}
}

// take is the next group, when so many are served; when it is empty, whoever comes next has to begin to serve.
func (g *Group[T]) take(served int) []T {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.done += int64(served)
	if g.served != nil {
		g.served.Broadcast()
	}
	items := g.waiting
	g.waiting, g.busy = nil, len(items) > 0
	return items
}
