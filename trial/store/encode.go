package store

import (
	"encoding/json"
	"math"
	"time"

	"automl/trial"
)

// encodeFloat splits a float into what a REAL column can hold and what it cannot: NaN would be bound as NULL, infinities would
// win an ORDER BY, and -0 loses its sign.
func encodeFloat(v float64) (value, special any) {
	switch {
	case math.IsNaN(v):
		return nil, "NaN"
	case math.IsInf(v, 1):
		return nil, "+Inf"
	case math.IsInf(v, -1):
		return nil, "-Inf"
	case v == 0 && math.Signbit(v):
		return v, "-0"
	}
	return v, nil
}

// decodeFloat puts a float together again.
func decodeFloat(value, special any) float64 {
	switch special {
	case "NaN":
		return math.NaN()
	case "+Inf":
		return math.Inf(1)
	case "-Inf":
		return math.Inf(-1)
	case "-0":
		return math.Copysign(0, -1)
	}
	v, _ := value.(float64) // a REAL column of a STRICT table has nothing else
	return v
}

func encodeOptional(v *float64) (value, special any) {
	if v == nil {
		return nil, nil
	}
	return encodeFloat(*v)
}

func decodeOptional(value, special any) *float64 {
	if value == nil && special == nil {
		return nil
	}
	v := decodeFloat(value, special)
	return &v
}

// storable reports whether a time fits: it is zero, or after 1970 and within the range of nanoseconds in 64 bits.
func storable(t time.Time) bool {
	return t.IsZero() || t.UnixNano() > 0 && t.Year() >= 1970 && t.Year() < 2262
}

func encodeTime(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func decodeTime(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// encodeParams is the JSON of the parameters, nil when there are none: an empty list is something else.
func encodeParams(p trial.Params) (any, error) {
	if p == nil {
		return nil, nil
	}
	text, err := p.MarshalJSON()
	return string(text), err
}

// encodeObjectives is the JSON of a study's further objectives, nil when there are none.
func encodeObjectives(o []trial.Objective) (any, error) {
	if len(o) == 0 {
		return nil, nil
	}
	text, err := json.Marshal(o)
	return string(text), err
}

func decodeParams(text any) (trial.Params, error) {
	s, ok := text.(string)
	if !ok {
		return nil, nil
	}
	var p trial.Params
	err := p.UnmarshalJSON([]byte(s))
	return p, err
}
