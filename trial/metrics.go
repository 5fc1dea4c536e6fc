package trial

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// Metric is one named measurement. It may be NaN or infinite.
type Metric struct {
	Name  string
	Value float64
}

// Metrics are the measurements of one epoch, in the order they were reported.
type Metrics []Metric

// Get returns the named metric, and whether there is one.
func (m Metrics) Get(name string) (float64, bool) {
	for _, q := range m {
		if q.Name == name {
			return q.Value, true
		}
	}
	return math.NaN(), false
}

// MarshalJSON writes an object in the given order. JSON has no NaN and no infinity, so these travel as the strings "NaN",
// "+Inf" and "-Inf".
func (m Metrics) MarshalJSON() ([]byte, error) { return m.append(nil), nil }

func (m Metrics) append(b []byte) []byte {
	b = append(b, '{')
	for i, q := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendText(b, q.Name)
		b = append(b, ':')
		if math.IsNaN(q.Value) || math.IsInf(q.Value, 0) {
			b = strconv.AppendQuote(b, strconv.FormatFloat(q.Value, 'g', -1, 64))
		} else {
			b = strconv.AppendFloat(b, q.Value, 'g', -1, 64)
		}
	}
	return append(b, '}')
}

// UnmarshalJSON reads what MarshalJSON writes. A number too large for a float64 (1e999) becomes an infinity, null becomes NaN.
func (m *Metrics) UnmarshalJSON(data []byte) error {
	out := Metrics{}
	err := members(data, func(name string, token json.Token) error {
		value, err := metricValue(token)
		if err != nil {
			return fmt.Errorf("metric %s: %w", name, err)
		}
		if _, double := out.Get(name); !double { // a metric reported twice counts once: the first
			out = append(out, Metric{name, value})
		}
		return nil
	})
	if errors.Is(err, errNoObject) {
		return fmt.Errorf("metrics must be an object of numbers")
	}
	if err != nil {
		return err
	}
	*m = out
	return nil
}

func metricValue(token json.Token) (float64, error) {
	switch t := token.(type) {
	case nil:
		return math.NaN(), nil
	case json.Number:
		v, _ := strconv.ParseFloat(string(t), 64) // out of range gives the infinity of the right sign
		return v, nil
	case string:
		v, err := strconv.ParseFloat(t, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no number", t)
		}
		return v, nil
	}
	return 0, fmt.Errorf("%v is no number", token)
}
