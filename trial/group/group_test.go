package group

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

func TestWhatWaitsIsTheNextGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served [][]int
		gate := make(chan struct{})
		g := Group[int]{Serve: func(items []int) { <-gate; served = append(served, items) }}
		for n := range 5 {
			g.Add(n)
			synctest.Wait()
		}
		close(gate)
		g.Wait()
		if want := [][]int{{0}, {1, 2, 3, 4}}; !slices.EqualFunc(served, want, slices.Equal) {
			t.Errorf("served %v", served)
		}
	})
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, served := make(chan struct{}), 0
		g := Group[int]{Serve: func(items []int) { <-gate; served += len(items) }}
		g.Wait() // for nothing
		g.Add(1)
		g.Add(2)
		waited := make(chan int)
		go func() { g.Wait(); waited <- served }()
		synctest.Wait()
		gate <- struct{}{}
		synctest.Wait()
		g.Add(3) // it does not wait for what comes later
		gate <- struct{}{}
		if n := <-waited; n != 2 && n != 3 {
			t.Errorf("%d were served", n)
		}
		close(gate)
		g.Wait()
		if served != 3 {
			t.Errorf("%d were served", served)
		}
	})
}

// TestPace begins groups no sooner than the pace after one another, and the first at once.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun := time.Now()
		var at []time.Duration
		var sizes []int
		g := Group[int]{Pace: time.Second, Serve: func(items []int) {
			at, sizes = append(at, time.Since(begun)), append(sizes, len(items))
			time.Sleep(100 * time.Millisecond)
		}}
		g.Add(1)
		time.Sleep(50 * time.Millisecond)
		g.Add(2)
		g.Add(3)
		g.Wait()
		if got := time.Since(begun); got != 2*time.Second {
			t.Errorf("all was served after %v", got)
		}
		time.Sleep(time.Minute)
		g.Add(4)
		g.Wait()
		if !slices.Equal(at, []time.Duration{0, time.Second, time.Minute + 2*time.Second}) || !slices.Equal(sizes, []int{1, 2, 1}) {
			t.Errorf("groups of %v began at %v", sizes, at)
		}
	})
}
