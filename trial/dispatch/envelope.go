package dispatch

import (
	"bytes"
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
	data, err := encodeBody(k, body)
	if err != nil {
		return nil, err
	}
	return envelope(k, []json.RawMessage{data}), nil
}

// fits refuses a message that is too large.
func fits(k kind, bytes int) error {
	if bytes <= MaxMessage {
		return nil
	}
	return trial.Errorf(trial.Invalid, "%s of %d bytes is larger than the %d the bus carries", k, bytes, MaxMessage).
		WithHint("shorten the failure message or the environment, or send fewer metrics")
}

// decode unwraps a body of the wanted kind.
func decode[T any](k kind, data []byte) (T, error) {
	all, err := decodeAll[T](k, data)
	if err != nil {
		var none T
		return none, err
	}
	return all[0], nil
}

// decodeAll unwraps the bodies of a message, which are one or more.
func decodeAll[T any](k kind, data []byte) ([]T, error) {
	for _, own := range []any{(*trial.Reader).Inbound, (*trial.Reader).Outbound} {
		if read, fits := own.(func(*trial.Reader, *T) bool); fits {
			if all, ok := readAll(k, data, read); ok {
				return all, nil
			}
		}
	}
	return unmarshalAll[T](k, data)
}

// readAll unwraps bodies in the form in which they write themselves.
func readAll[T any](k kind, data []byte, read func(*trial.Reader, *T) bool) ([]T, bool) {
	r := trial.NewReader(data)
	all := make([]T, 1, 1+bytes.Count(data, []byte(`},{"key":`)))
	if !r.Skip(opening(k)) || !read(r, &all[0]) {
		return nil, false
	}
	if r.Skip(`}`) {
		return all, r.End()
	}
	for between := `,"more":[`; r.Skip(between); between = `,` {
		all = append(all, *new(T))
		if !read(r, &all[len(all)-1]) {
			return nil, false
		}
	}
	return all, len(all) > 1 && r.Skip(`]}`) && r.End()
}

// opening is how an envelope begins.
func opening(k kind) string { return `{"v":1,"kind":"` + string(k) + `","body":` }

func unmarshalAll[T any](k kind, data []byte) ([]T, error) {
	var e struct {
		V    int  `json:"v"`
		Kind kind `json:"kind"`
		Body *T   `json:"body"`
		More []T  `json:"more"`
	}
	err := json.Unmarshal(data, &e) // goes on after a value of the wrong type, so that V and Kind are known
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, fmt.Errorf("no envelope: %w", err)
	case e.V != version:
		return nil, fmt.Errorf("version %d is not known", e.V)
	case e.Kind != k:
		return nil, fmt.Errorf("a message of kind %.40q where %q belongs", e.Kind, k)
	case err != nil:
		return nil, fmt.Errorf("body: %w", err)
	case e.Body == nil:
		return nil, errors.New("the envelope is empty")
	}
	return append([]T{*e.Body}, e.More...), nil
}

// checkBundle checks what decode cannot: that the first came over its own subject, all are of one run, and each carries exactly one thing.
func checkBundle(bundle []trial.Inbound, subject string) error {
	if inSubject(bundle[0]) != subject {
		return errForged
	}
	if len(bundle) > 16*bundleMost {
		return fmt.Errorf("%d messages in one", len(bundle))
	}
	for _, m := range bundle {
		if m.Run != bundle[0].Run {
			return errForged
		}
		if err := checkInbound(m); err != nil {
			return err
		}
	}
	return nil
}

// checkInbound checks that a message carries exactly one thing.
func checkInbound(m trial.Inbound) error {
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
