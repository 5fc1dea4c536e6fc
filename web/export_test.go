package web

import (
	"context"
	"net/http"
	"time"

	"automl/trial"
)

// EventPage is how many events a stream reads at once.
const EventPage = eventPage

// KeepAlive is how many looks without an event pass until a stream sends a comment.
const KeepAlive = keepAlive

// NewTicked is New with the ticks of every event stream given; stopped is called as a stream ends.
func NewTicked(cfg Config, ticks <-chan time.Time, stopped func()) http.Handler {
	return newHandler(cfg, func() (<-chan time.Time, func()) { return ticks, stopped })
}

// EventsBy reads events in pages of the given size.
func (c *Client) EventsBy(ctx context.Context, study string, size int) ([]trial.Event, error) {
	r, err := c.record(ctx, study, 0, size)
	return r.Events, err
}

// MostStates is how many states are kept.
const MostStates = mostStates
