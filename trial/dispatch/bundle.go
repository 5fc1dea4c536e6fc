package dispatch

import (
	"bytes"
	"context"
	"encoding/json"
	"sync/atomic"

	"automl/trial"
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
	b.WriteString(`{"v":1,"kind":"` + string(k) + `","body":`)
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

// post puts parcels into the stream; those of a group travel together, under the subject of the first.
func (r *Runner) post(parcels []parcel) []error {
	err := r.ship(parcels)
	apart := len(parcels) > 1 && alreadyThere(err) // an earlier message with the first of them, which need not have the others
	errs := make([]error, len(parcels))
	for i := range parcels {
		if apart {
			err = r.ship(parcels[i : i+1])
		}
		errs[i] = publishError(err, "message")
	}
	return errs
}

func (r *Runner) ship(parcels []parcel) error {
	ctx, cancel := context.WithTimeout(context.Background(), r.o.Timeout)
	defer cancel()
	bodies := make([]json.RawMessage, len(parcels))
	for i, p := range parcels {
		bodies[i] = p.body
	}
	_, err := r.js.Publish(ctx, parcels[0].subject, envelope(kindInbound, bodies))
	return err
}
