package trial

import (
	"encoding/json"
	"math"
	"strconv"
)

// The messages of which there are many write themselves as JSON: encoding/json takes five times as long for them. What there is little of
// is left to it. Both are read as the same; a [Reader] reads the former sooner.

// AppendJSON appends the message.
func (m Inbound) AppendJSON(b []byte) ([]byte, error) {
	if m.Text != nil {
		return append(b, m.Text...), nil
	}
	b = append(b, `{"key":`...)
	b = m.Key.append(b)
	b = append(b, `,"run":`...)
	b = appendText(b, m.Run)
	b = append(b, `,"n":`...)
	b = strconv.AppendInt(b, m.N, 10)
	if m.Since != 0 {
		b = append(b, `,"since":`...)
		b = strconv.AppendInt(b, m.Since, 10)
	}
	var err error
	if m.Report != nil {
		b = append(b, `,"report":`...)
		if b, err = m.Report.append(b); err != nil {
			return nil, err
		}
	}
	if m.Folds != nil {
		b, err = appendField(b, `,"folds":`, m.Folds, err)
	}
	if m.Exit != nil {
		b, err = appendField(b, `,"exit":`, m.Exit, err)
	}
	return append(b, '}'), err
}

// AppendJSON appends the answer.
func (o Outbound) AppendJSON(b []byte) ([]byte, error) {
	b = append(b, `{"key":`...)
	b = o.Key.append(b)
	b = append(b, `,"n":`...)
	b = strconv.AppendInt(b, o.N, 10)
	if o.Verb != "" {
		b = append(b, `,"verb":`...)
		b = appendText(b, string(o.Verb))
	}
	if o.Reason != "" {
		b = append(b, `,"reason":`...)
		b = appendText(b, o.Reason)
	}
	var err error
	if o.Worth != 0 {
		b, err = appendField(b, `,"worth":`, o.Worth, err)
	}
	return append(b, '}'), err
}

func (k Key) append(b []byte) []byte {
	b = append(b, `{"study":`...)
	b = appendText(b, k.Study)
	b = append(b, `,"trial":`...)
	b = strconv.AppendInt(b, int64(k.Trial), 10)
	b = append(b, `,"attempt":`...)
	b = strconv.AppendInt(b, int64(k.Attempt), 10)
	return append(b, '}')
}

func (r *Report) append(b []byte) ([]byte, error) {
	for _, field := range []struct {
		name  string
		value int
	}{{`{"trial":`, r.Trial}, {`,"attempt":`, r.Attempt}, {`,"fold":`, r.Fold}, {`,"epoch":`, r.Epoch}} {
		b = append(b, field.name...)
		b = strconv.AppendInt(b, int64(field.value), 10)
	}
	b = append(b, `,"metrics":`...)
	b = r.Metrics.append(b)
	var err error
	switch {
	case math.IsNaN(r.Cost) || math.IsInf(r.Cost, 0):
		b, err = appendField(b, `,"cost_seconds":`, r.Cost, err) // says what is wrong
	case r.Cost != 0:
		b = append(b, `,"cost_seconds":`...)
		b = strconv.AppendFloat(b, r.Cost, 'g', -1, 64)
	}
	if r.Last {
		b = append(b, `,"last":true`...)
	}
	if r.Cache != nil {
		b, err = appendField(b, `,"cache":`, r.Cache, err)
	}
	if r.Confusion != nil {
		b, err = appendField(b, `,"confusion":`, r.Confusion, err)
	}
	if r.Usage != nil {
		b, err = appendField(b, `,"usage":`, r.Usage, err)
	}
	return append(b, '}'), err
}

// appendField appends what encoding/json makes of a value, unless there was an error.
func appendField(b []byte, name string, value any, err error) ([]byte, error) {
	if err != nil {
		return b, err
	}
	text, err := json.Marshal(value)
	return append(append(b, name...), text...), err
}

// appendText appends a string.
func appendText(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c >= 0x7f || c == '"' || c == '\\' {
			text, _ := json.Marshal(s) // a string can always be written
			return append(b, text...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}
