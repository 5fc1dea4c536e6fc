package group

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
)

func TestWhatWaitsIsTheNextGroup(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var served [][]int
		gate := make(chan struct{})
		odd := errors.New("odd")
		g := Group[int]{Serve: func(items []int) []error {
			<-gate
			served = append(served, items)
			errs := make([]error, len(items))
			for i, n := range items {
				if n%2 == 1 {
					errs[i] = odd
				}
			}
			return errs
		}, Most: func(waiting []int) int { return min(3, len(waiting)) }}
		got := map[int]chan error{}
		for n := range 6 {
			got[n] = make(chan error, 1)
			go func() { got[n] <- g.Do(t.Context(), n) }()
			synctest.Wait()
		}
		close(gate)
		for n := range 6 {
			if err := <-got[n]; (err == odd) != (n%2 == 1) {
				t.Errorf("%d was answered %v", n, err)
			}
		}
		want := [][]int{{0}, {1, 2, 3}, {4, 5}}
		if !slices.EqualFunc(served, want, slices.Equal) {
			t.Errorf("served %v", served)
		}
	})
}

func TestNobodyHasToWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gate, served := make(chan struct{}), 0
		g := Group[int]{Serve: func(items []int) []error { <-gate; served += len(items); return nil }}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := g.Do(ctx, 1); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		close(gate)
		if err := g.Do(t.Context(), 2); err != nil || served != 2 {
			t.Errorf("%v, %d served", err, served)
		}
	})
}
