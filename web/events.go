package web

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"automl/trial"
)

const (
	lookAgain  = 200 * time.Millisecond // between two looks at the record
	keepAlive  = 75                     // looks without an event until a comment is sent: 15 s
	eventPage  = 500                    // the most events read at once
	writeLimit = 30 * time.Second       // a client that reads nothing for so long is dropped
)

// streaming describes the route of server-sent events.
func streaming() huma.Operation {
	op := operation(http.MethodGet, "/events", "stream-events", "The record of a study as server-sent events")
	op.Errors = []int{http.StatusUnauthorized, http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity}
	op.Responses = map[string]*huma.Response{"200": {
		Description: "From the start of the record, or from where the last stream ended. Each event has its sequence number as its id, and as its data what " +
			"/record lists in events; it has no name.",
		Content: map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	return op
}

func (s *server) events(ctx context.Context, in *eventsInput) (*huma.StreamResponse, error) {
	study, err := s.Record.Study(ctx, in.Study)
	if err == nil {
		err = s.reached(ctx, study, in.Last)
	}
	if err != nil {
		return nil, s.fail(err)
	}
	return &huma.StreamResponse{Body: func(hc huma.Context) {
		_, w := humago.Unwrap(hc)
		out := newEventWriter(w)
		defer out.close()
		if err := s.stream(hc.Context(), out, study.ID, in.Last); err != nil {
			s.Log.Debug().Err(err).Str("study", study.Name).Msg("an event stream ended")
		}
	}}, nil
}

// reached refuses to go on after an event that the record does not have: that was another study of the same name, and the
// client would wait in vain for what it takes to be the next event.
func (s *server) reached(ctx context.Context, study trial.Study, last int64) error {
	if last == 0 {
		return nil
	}
	got, err := s.Record.EventsN(ctx, study.ID, last-1, 1)
	if err == nil && len(got) == 0 {
		err = trial.Errorf(trial.Conflict, "the record of study %s has no event %d yet", study.Name, last).
			WithHint("start again without Last-Event-ID")
	}
	return err
}

// stream sends every event after the given one, and goes on until the client leaves, the study is deleted or the record fails.
func (s *server) stream(ctx context.Context, out *eventWriter, study string, after int64) error {
	ticks, stop := s.ticker()
	defer stop()
	for idle := 0; ; idle++ {
		last, err := s.deliver(ctx, out, study, after)
		if err != nil {
			return err
		}
		switch {
		case last > after:
			after, idle = last, 0
		case idle%keepAlive == 0: // the first time, it opens the stream
			if err := out.comment("waiting"); err != nil {
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticks:
		}
	}
}

// deliver sends what the record has after an event, and returns the last one sent.
func (s *server) deliver(ctx context.Context, out *eventWriter, study string, after int64) (int64, error) {
	for {
		events, err := s.Record.EventsN(ctx, study, after, eventPage)
		if err != nil || len(events) == 0 {
			return after, err
		}
		if err := out.send(events); err != nil {
			return after, err
		}
		after = events[len(events)-1].Seq
		if len(events) < eventPage {
			return after, nil
		}
	}
}

// eventWriter writes the text/event-stream format.
type eventWriter struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func newEventWriter(w http.ResponseWriter) *eventWriter {
	w.Header().Set("Content-Type", "text/event-stream")
	return &eventWriter{w, http.NewResponseController(w)}
}

// send writes events and has them on their way when it returns.
func (o *eventWriter) send(events []trial.Event) error {
	var text []byte
	for _, e := range events {
		data, err := json.Marshal(e) // has no line breaks
		if err != nil {
			return fmt.Errorf("event %d: %w", e.Seq, err)
		}
		text = fmt.Appendf(text, "id: %d\ndata: %s\n\n", e.Seq, data)
	}
	return o.write(text)
}

// comment writes a line that clients ignore; proxies keep the connection for it, and one that is broken is found out.
func (o *eventWriter) comment(text string) error { return o.write([]byte(": " + text + "\n\n")) }

func (o *eventWriter) write(text []byte) error {
	if err := o.rc.SetWriteDeadline(time.Now().Add(writeLimit)); err != nil {
		return err
	}
	if _, err := o.w.Write(text); err != nil {
		return err
	}
	return o.rc.Flush()
}

// close takes the time limit off the connection, which may serve another request.
func (o *eventWriter) close() { _ = o.rc.SetWriteDeadline(time.Time{}) }
