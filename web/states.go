package web

import (
	"context"
	"fmt"
	"sync"

	"automl/trial"
)

// states keeps the states of the studies that were asked for last, so that a request reads no more of a record than has come to it
// since the request before.
type states struct {
	record Record

	mu    sync.Mutex
	known map[string]*followed // by the study's id
	clock int                  // of the uses
}

// followed is a state that is brought up to date when it is asked for.
type followed struct {
	used int // of states

	mu    sync.Mutex
	state *trial.State
}

// mostStates is how many states are kept.
const mostStates = 16

// statePage is how many events are read at once.
const statePage = 10_000

// with hands the state of a study to f, which must not keep it.
func (s *states) with(ctx context.Context, idOrName string, f func(*trial.State) error) error {
	study, err := s.record.Study(ctx, idOrName)
	if err != nil {
		return err
	}
	q := s.follow(study)
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.update(ctx, s.record); err != nil {
		return err
	}
	return f(q.state)
}

// follow finds the state of a study, or makes room for it.
func (s *states) follow(study trial.Study) *followed {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.known[study.ID]
	if q == nil {
		if len(s.known) == mostStates {
			s.drop()
		}
		q = &followed{state: trial.NewState(study)}
		s.known[study.ID] = q
	}
	s.clock++
	q.used = s.clock
	return q
}

// drop forgets the state that was not used for longest.
func (s *states) drop() {
	oldest := ""
	for id, q := range s.known {
		if oldest == "" || q.used < s.known[oldest].used {
			oldest = id
		}
	}
	delete(s.known, oldest)
}

// update applies what has been recorded.
func (q *followed) update(ctx context.Context, r Record) error {
	id := q.state.Study.ID
	for {
		events, err := r.EventsN(ctx, id, q.state.Seq, statePage)
		if err != nil {
			return err
		}
		for _, e := range events {
			if err := q.state.Apply(e); err != nil {
				return fmt.Errorf("apply the record of study %s: %w", q.state.Study.Name, err)
			}
		}
		if len(events) < statePage {
			return nil
		}
	}
}
