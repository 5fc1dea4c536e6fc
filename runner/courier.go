package runner

import (
	"context"
	"time"

	"automl/trial"
	"automl/trial/group"
)

// sendWait is how long the bus may take for what is sent at once.
const sendWait = 10 * time.Second

// courierPace is how long a message may wait for others to travel with.
const courierPace = 4 * time.Millisecond

// courier takes the messages of all attempts to the bus. What comes while it is on its way is what it takes next.
type courier struct {
	ctx     context.Context // ends when nothing is to be sent any more
	send    func(context.Context, ...trial.Inbound) error
	letters group.Group[*letter]
}

func newCourier(ctx context.Context, send func(context.Context, ...trial.Inbound) error) *courier {
	c := &courier{ctx: ctx, send: send}
	c.letters.Pace = courierPace
	c.letters.Serve = c.ship
	return c
}

// ship sends letters together. Where one of them is what the bus will never take, each is sent by itself.
func (c *courier) ship(letters []*letter) {
	err := c.try(letters)
	alone := len(letters) > 1 && trial.CodeOf(err) == trial.Invalid
	for i, l := range letters {
		if alone {
			err = c.try(letters[i : i+1])
		}
		l.out.shipped(l, err)
	}
}

func (c *courier) try(letters []*letter) error {
	messages := make([]trial.Inbound, len(letters))
	for i, l := range letters {
		messages[i] = l.Inbound
	}
	ctx, cancel := context.WithTimeout(c.ctx, sendWait)
	defer cancel()
	return c.send(ctx, messages...)
}
