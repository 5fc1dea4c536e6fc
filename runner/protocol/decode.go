package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"automl/trial"
)

// MaxLine is the longest line either side may send.
const MaxLine = 256 << 10

// Decode reads a line from a trainer. It also takes the bare NaN, Infinity and -Infinity that Python's json module writes: a
// trainer that diverged should be heard, not be called broken.
func Decode(line []byte) (Message, error) {
	var m Message
	if err := lenient(line, &m); err != nil {
		return Message{}, fmt.Errorf("no message: %w", err)
	}
	set := 0
	for _, there := range []bool{m.Report != nil, m.Checkpoint != nil, m.Progress != nil, m.Folds != nil, m.Failure != nil,
		m.Artifact != nil} {
		if there {
			set++
		}
	}
	if set != 1 {
		return Message{}, errors.New("a message has exactly one of report, checkpoint, progress, folds, failure and artifact")
	}
	return m, nil
}

// ParseStdout reads a line of a trainer's standard output. It reports whether the line is meant as a report at all; Fold is
// -1 where the line does not name one.
func ParseStdout(line []byte) (r Report, meant bool, err error) {
	text, meant := bytes.CutPrefix(bytes.TrimSpace(line), []byte(StdoutPrefix))
	if !meant {
		return Report{}, false, nil
	}
	var fields flat
	if err := lenient(text, &fields); err != nil {
		hint := ""
		if bytes.Contains(text, []byte("'")) { // a dictionary that Python has printed
			hint = "; JSON has double quotes, as json.dumps writes it"
		}
		return Report{}, true, fmt.Errorf("no report: %w%s, in %.60q", err, hint, line)
	}
	return Report(fields), true, nil
}

// flat is a report whose metrics stand beside the epoch.
type flat Report

// UnmarshalJSON keeps the order of the metrics.
func (f *flat) UnmarshalJSON(data []byte) error {
	*f = flat{Fold: -1, Metrics: trial.Metrics{}}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return errors.New("it must be an object")
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := dec.Decode(&value); err != nil {
			return err
		}
		if err := f.set(key.(string), value); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return nil
}

func (f *flat) set(key string, value json.RawMessage) error {
	switch key {
	case "fold":
		return json.Unmarshal(value, &f.Fold)
	case "epoch":
		return json.Unmarshal(value, &f.Epoch)
	case "cost_seconds":
		return json.Unmarshal(value, &f.Cost)
	case "last":
		return json.Unmarshal(value, &f.Last)
	}
	var one trial.Metrics
	if err := one.UnmarshalJSON([]byte(`{"value":` + string(value) + `}`)); err != nil {
		return err
	}
	f.Metrics = append(f.Metrics, trial.Metric{Name: key, Value: one[0].Value})
	return nil
}

// lenient decodes JSON, and where that fails once more with the bare non-finite numbers quoted.
func lenient(data []byte, into any) error {
	err := json.Unmarshal(data, into)
	if err == nil {
		return nil
	}
	quoted := quoteNonFinite(string(data))
	if quoted == string(data) {
		return err
	}
	return json.Unmarshal([]byte(quoted), into)
}

// quoteNonFinite puts quotes around NaN, Infinity and -Infinity outside strings.
func quoteNonFinite(text string) string {
	var b strings.Builder
	inside := false
	for i := 0; i < len(text); {
		if word := nonFinite(text[i:]); word != "" && !inside {
			b.WriteString(`"` + word + `"`)
			i += len(word)
			continue
		}
		switch {
		case text[i] == '"':
			inside = !inside
		case text[i] == '\\' && inside && i+1 < len(text):
			b.WriteByte(text[i])
			i++
		}
		b.WriteByte(text[i])
		i++
	}
	return b.String()
}

func nonFinite(text string) string {
	for _, word := range []string{"NaN", "Infinity", "-Infinity"} {
		if strings.HasPrefix(text, word) {
			return word
		}
	}
	return ""
}
