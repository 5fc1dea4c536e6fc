package web_test

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strings"
	"sync"
	"testing"

	"automl/trial"
	"automl/trial/store"
	"automl/web"
)

// counted is a record that counts the events read from it.
type counted struct {
	*store.DB
	events int
}

func (c *counted) EventsN(ctx context.Context, study string, after int64, limit int) ([]trial.Event, error) {
	events, err := c.DB.EventsN(ctx, study, after, limit)
	c.events += len(events)
	return events, err
}

// TestEventsAreReadOnce asks for the state of a study again and again, while it grows and after others were asked for.
func TestEventsAreReadOnce(t *testing.T) {
	var record *counted
	s := open(t, func(c web.Config) http.Handler {
		record = &counted{DB: c.Record.(*store.DB)}
		c.Record = record
		return web.New(c)
	})
	_, err := s.Submit(t.Context(), []byte(sweep))
	check(t, err)
	all := history()
	s.append(all[:9]...)
	s.get("/studies/demo").want(t, http.StatusOK, `"complete":1`, `"pruned":0`)
	s.get("/studies/id1/trials").want(t, http.StatusOK, `"trial":0`)
	s.append(all[9:]...)
	s.get("/studies/demo/trials/1").want(t, http.StatusOK, `"state":"PRUNED"`)
	s.get("/studies/id1/best").want(t, http.StatusOK, `"trial":0`)
	if record.events != len(all) {
		t.Errorf("%d events were read, there are %d", record.events, len(all))
	}
	for i := range web.MostStates {
		name := fmt.Sprint("other", i)
		_, err := s.Submit(t.Context(), []byte(strings.Replace(sweep, "demo", name, 1)))
		check(t, err)
		s.get("/studies/"+name).want(t, http.StatusOK, `"complete":0`)
	}
	s.get("/studies/demo").want(t, http.StatusOK, `"complete":1`, `"pruned":1`)
	if record.events != 2*len(all) {
		t.Errorf("%d events were read after %d other studies", record.events, web.MostStates)
	}
}

// TestSameNameAnotherStudy deletes a study and submits one of the same name.
func TestSameNameAnotherStudy(t *testing.T) {
	s := submitted(t, history()...)
	s.get("/studies/demo").want(t, http.StatusOK, `"complete":1`)
	check(t, s.Delete(t.Context(), "demo"))
	s.get("/studies/demo").wantProblem(t, http.StatusNotFound, "not_found", "demo", "automl list")
	_, err := s.Submit(t.Context(), []byte(sweep))
	check(t, err)
	s.get("/studies/demo").want(t, http.StatusOK, `"complete":0`)
}

// TestManyAskAtOnce has requests for one study come in together while it grows.
func TestManyAskAtOnce(t *testing.T) {
	s := submitted(t)
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			for range 20 {
				if a := s.get("/studies/demo/trials"); a.code != http.StatusOK {
					t.Errorf("%d: %s", a.code, a.body)
				}
			}
		})
	}
	for _, e := range history() {
		s.append(e)
	}
	wait.Wait()
	s.get("/studies/demo").want(t, http.StatusOK, `"complete":1`, `"pruned":1`)
}

// A cursor may be any number.
func TestCursorBeyondTheEnd(t *testing.T) {
	s := submitted(t, history()...)
	for _, after := range []int{1, 2, math.MaxInt32, math.MaxInt} {
		s.get(fmt.Sprint("/studies/demo/trials?after=", after)).want(t, http.StatusOK, "[]")
	}
}
