package dispatch

import (
	"bytes"
	"context"
	"encoding/json"
	"sync/atomic"

	"automl/trial"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// A bundle is several bodies of one kind in one message, which costs hardly more than a message of one. The first is the body
// of the envelope, the others are its "more": who does not know bundles takes the first and is sent the others again.
const (
	bundleMost  = 64       // bodies
	bundleBytes = 64 << 10 // and bytes; one body alone may be larger
)

// encodeBody is a body by itself. One that JSON cannot carry, or that is too large, is refused with code Invalid.
func encodeBody(k kind, body any) (json.RawMessage, error) {
	var data []byte
	var err error
	if own, ok := body.(interface{ AppendJSON([]byte) ([]byte, error) }); ok {
		data, err = own.AppendJSON(nil)
	} else {
		data, err = json.Marshal(body)
	}
	if err != nil {
		return nil, trial.Wrap(trial.Invalid, err, "encode %s", k)
	}
	return data, fits(k, len(data)+len(k)+envelopeSize)
}

// envelopeSize is what an envelope adds to its body, besides the kind.
const envelopeSize = len(`{"v":1,"kind":"","body":}`)

// envelope wraps bodies, one or more.
func envelope(k kind, bodies []json.RawMessage) []byte {
	var b bytes.Buffer
	b.WriteString(opening(k))
	b.Write(bodies[0])
	for i, more := range bodies[1:] {
		b.WriteString(map[bool]string{true: `,"more":[`, false: `,`}[i == 0])
		b.Write(more)
	}
	if len(bodies) > 1 {
		b.WriteByte(']')
	}
	b.WriteByte('}')
	return b.Bytes()
}

// bundled is how many of these, the first at least, go into one message.
func bundled[T any](parts []T, size func(T) int) int {
	bytes := 0
	for i, p := range parts {
		if bytes += size(p); i > 0 && (i == bundleMost || bytes > bundleBytes) {
			return i
		}
	}
	return len(parts)
}

// afterAll is the acknowledgement of each of n parts: when all are, the whole is.
func afterAll(n int, ack func()) func() {
	if n == 1 {
		return ack
	}
	var acked atomic.Int64
	return func() {
		if acked.Add(1) == int64(n) {
			ack()
		}
	}
}

// parcel is a message that is to be sent.
type parcel struct {
	subject string
	body    json.RawMessage
}

// ship puts parcels into the stream, as few bundles as there can be, each under the subject of its first parcel. All bundles travel at
// once. One whose first parcel is there already, from before, need not have brought the others: these are sent alone.
func (r *Runner) ship(ctx context.Context, parcels []parcel) error {
	var bundles []*nats.Msg
	var starts []int // of each bundle
	for at := 0; at < len(parcels); {
		n := bundled(parcels[at:], func(p parcel) int { return len(p.body) })
		bundles, starts = append(bundles, message(parcels[at:at+n])), append(starts, at)
		at += n
	}
	var alone []*nats.Msg
	for i, err := range publish(ctx, r.js, bundles) {
		rest := parcels[starts[i]:append(starts, len(parcels))[i+1]][1:]
		if err != nil && !alreadyThere(err) {
			return err
		}
		for j := 0; err != nil && j < len(rest); j++ {
			alone = append(alone, message(rest[j:j+1]))
		}
	}
	for _, err := range publish(ctx, r.js, alone) {
		if err != nil && !alreadyThere(err) {
			return err
		}
	}
	return nil
}

// message is a bundle on the bus.
func message(parcels []parcel) *nats.Msg {
	bodies := make([]json.RawMessage, len(parcels))
	for i, p := range parcels {
		bodies[i] = p.body
	}
	return &nats.Msg{Subject: parcels[0].subject, Data: envelope(kindInbound, bodies)}
}

// publish puts messages into their stream, all at once, waits for the server to have them, and gives an error for each.
func publish(ctx context.Context, js jetstream.JetStream, messages []*nats.Msg) []error {
	errs := make([]error, len(messages))
	answers := make([]jetstream.PubAckFuture, len(messages))
	for i, m := range messages {
		answers[i], errs[i] = js.PublishMsgAsync(m, jetstream.WithRetryAttempts(0))
	}
	for i, answer := range answers {
		if errs[i] != nil {
			continue
		}
		select {
		case <-answer.Ok():
		case errs[i] = <-answer.Err():
		case <-ctx.Done():
			errs[i] = ctx.Err()
		}
	}
	return errs
}
