package dispatch

import (
	"encoding/json"
	"errors"
	"fmt"

	"automl/trial"
)

// MaxMessage is the size in bytes of the largest message the bus carries.
const MaxMessage = 256 << 10

const version = 1

// kind names what an envelope carries; for core messages it is also the subject's token.
type kind string

const (
	kindAssignment kind = "assignment"
	kindInbound    kind = "inbound"
	kindAnnounce   kind = "announce"
	kindGrant      kind = "grant"
	kindHeartbeat  kind = "heartbeat"
	kindLeave      kind = "leave"
	kindProgress   kind = "progress"
	kindOut        kind = "out"
)

// errForged says that the body and the subject disagree.
var errForged = errors.New("the body names another sender or attempt than the subject")

// encode wraps a body. A body that JSON cannot carry, or that is too large, is refused with code Invalid.
func encode(k kind, body any) ([]byte, error) {
	data, err := json.Marshal(struct {
		V    int  `json:"v"`
		Kind kind `json:"kind"`
		Body any  `json:"body"`
	}{version, k, body})
	if err != nil {
		return nil, trial.Wrap(trial.Invalid, err, "encode %s", k)
	}
	if len(data) > MaxMessage {
		return nil, trial.Errorf(trial.Invalid, "%s of %d bytes is larger than the %d the bus carries", k, len(data), MaxMessage).
			WithHint("shorten the failure message or the environment, or send fewer metrics")
	}
	return data, nil
}

// decode unwraps a body of the wanted kind.
func decode[T any](k kind, data []byte) (T, error) {
	var none T
	var e struct {
		V    int  `json:"v"`
		Kind kind `json:"kind"`
		Body *T   `json:"body"`
	}
	err := json.Unmarshal(data, &e) // goes on after a value of the wrong type, so that V and Kind are known
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return none, fmt.Errorf("no envelope: %w", err)
	case e.V != version:
		return none, fmt.Errorf("version %d is not known", e.V)
	case e.Kind != k:
		return none, fmt.Errorf("a message of kind %.40q where %q belongs", e.Kind, k)
	case err != nil:
		return none, fmt.Errorf("body: %w", err)
	case e.Body == nil:
		return none, errors.New("the envelope is empty")
	}
	return *e.Body, nil
}

// checkInbound checks what decode cannot: that a message came over its own subject and carries exactly one thing.
func checkInbound(m trial.Inbound, subject string) error {
	if inSubject(m) != subject {
		return errForged
	}
	parts := 0
	for _, set := range []bool{m.Report != nil, m.Folds != nil, m.Exit != nil} {
		if set {
			parts++
		}
	}
	if parts != 1 {
		return fmt.Errorf("%d of report, folds and exit are set, not one", parts)
	}
	return nil
}
