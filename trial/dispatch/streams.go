package dispatch

import (
	"context"
	"errors"
	"strings"
	"time"

	"automl/trial"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	workBytes  = 64 << 20  // assignments are a few KiB, and few are ahead
	inBytes    = 256 << 20 // reports that wait while the daemon is away; the runners keep what does not fit
	maxWaiting = 16384     // pulls that wait: one a free slot
	pullMost   = 64        // assignments taken at once: nobody hoards work
	ackPending = 4096      // inbound messages the daemon may hold before it acknowledges
)

// streamConfig is what both streams have in common: a message is there until it is acknowledged, each has its subject alone, and
// a full stream refuses rather than forgets.
func streamConfig(name, subject string, bytes int64, replicas int) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                 name,
		Subjects:             []string{subject},
		Retention:            jetstream.WorkQueuePolicy,
		Storage:              jetstream.FileStorage,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
		MaxMsgsPerSubject:    1,
		MaxBytes:             bytes,
		MaxMsgSize:           MaxMessage,
		Replicas:             max(replicas, 1),
	}
}

func workStreamConfig(replicas int) jetstream.StreamConfig {
	return streamConfig(workStream, root+"work.*.*.*", workBytes, replicas)
}

func inStreamConfig(replicas int) jetstream.StreamConfig {
	return streamConfig(inStream, root+"in.*.*.*.*.*.*", inBytes, replicas)
}

func workConsumerConfig(ackWait time.Duration) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:         workConsumer,
		AckPolicy:       jetstream.AckExplicitPolicy,
		AckWait:         ackWait,
		MaxDeliver:      -1,
		MaxAckPending:   -1,
		MaxWaiting:      maxWaiting,
		MaxRequestBatch: pullMost,
	}
}

func inConsumerConfig(ackWait time.Duration) jetstream.ConsumerConfig {
	return jetstream.ConsumerConfig{
		Durable:       inConsumer,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       ackWait,
		MaxDeliver:    -1,
		MaxAckPending: ackPending,
	}
}

// birthdays are when the streams were made: other times, other streams.
type birthdays struct{ work, in time.Time }

// ensureStream makes a stream, or brings it to its configuration, and returns when it was made.
func ensureStream(ctx context.Context, js jetstream.JetStream, c jetstream.StreamConfig) (time.Time, error) {
	s, err := js.CreateOrUpdateStream(ctx, c)
	if err != nil {
		return time.Time{}, busError(err, "make the stream %s", c.Name)
	}
	return s.CachedInfo().Created, nil
}

// ensureStreams makes both streams and the runners' consumer.
func ensureStreams(ctx context.Context, js jetstream.JetStream, o Options) (b birthdays, err error) {
	if b.work, err = ensureStream(ctx, js, workStreamConfig(o.Replicas)); err != nil {
		return b, err
	}
	if b.in, err = ensureStream(ctx, js, inStreamConfig(o.Replicas)); err != nil {
		return b, err
	}
	_, err = ensureConsumer(ctx, js, workStream, workConsumerConfig(o.AckWait))
	return b, busError(err, "make the runners' consumer")
}

// ensureConsumer makes a consumer, or brings it to its configuration. One that has delivered more than its stream holds is of a stream
// that has lost its end: it would pass over what gets the lost numbers anew, for ever, so it is made anew.
func ensureConsumer(ctx context.Context, js jetstream.JetStream, stream string, c jetstream.ConsumerConfig) (jetstream.Consumer, error) {
	made, err := js.CreateOrUpdateConsumer(ctx, stream, c)
	if err != nil {
		return nil, err
	}
	s, err := js.Stream(ctx, stream) // after the consumer: it only grows
	if err != nil || made.CachedInfo().Delivered.Stream <= s.CachedInfo().State.LastSeq {
		return made, err
	}
	if err := js.DeleteConsumer(ctx, stream, c.Durable); err != nil && !errors.Is(err, jetstream.ErrConsumerNotFound) {
		return nil, err
	}
	return js.CreateOrUpdateConsumer(ctx, stream, c)
}

// alreadyThere reports whether a publish was refused because the very message is in the stream.
func alreadyThere(err error) bool { return refused(err, "maximum messages per subject") }

// full reports whether a publish was refused because the stream is full.
func full(err error) bool { return refused(err, "maximum bytes") }

// refused looks at the text of a refusal: the server has one code for all limits of a stream.
func refused(err error, why string) bool {
	const storeFailed = 10077
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == storeFailed && strings.Contains(api.Description, why)
}

// How often a cluster without a leader is asked again, and how often that is said.
const (
	leaderDelay = time.Second
	leaderAgain = 30 * time.Second
)

// leaderless reports whether an error is what a client sees of a cluster that has not elected a leader yet: no answer, or that one.
func leaderless(err error) bool {
	const notAvailable = 10008
	var api *jetstream.APIError
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, nats.ErrTimeout) || errors.As(err, &api) && api.ErrorCode == notAvailable
}

// busError gives an error of the bus its code: Unavailable, unless it has one.
func busError(err error, format string, args ...any) error {
	var known *trial.Error
	if errors.As(err, &known) {
		return err
	}
	return trial.Wrap(trial.Unavailable, err, format, args...)
}
