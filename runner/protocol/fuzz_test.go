package protocol

import (
	"bytes"
	"encoding/json"
	"testing"
)

// FuzzDecode: whatever a trainer sends, there is a message that is written and read again as the same, or an error; never a panic.
func FuzzDecode(f *testing.F) {
	for _, line := range []string{"", "{}", "[]", "null", `{"report":null}`, `{"unknown":{}}`,
		`{"report":{"fold":0,"epoch":3,"metrics":{"loss":NaN,"up":Infinity,"down":-Infinity,"NaN \" NaN":1},"cost_seconds":1e-9,"last":true}}`,
		`{"report":{"epoch":1,"metrics":{"a":1},"confusion":{},"cache":{}}}`, `{"checkpoint":{"epoch":2}}`, `{"progress":{"epoch":1,"step":2,"steps":3}}`,
		`{"folds":{"hash":"abc","n":100}}`, `{"failure":{"kind":"oom","message":"too large"}}`, `{"artifact":{"metrics":{"test_acc":"Infinity"}}}`,
		`{"report":{"epoch":-9223372036854775808,"metrics":{"a":1e999}}}`, `{"report":{"epoch":1},"progress":{}}`, "\xff\x00", `"\`, `{"a":"NaN\`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		m, err := Decode(line)
		if err != nil {
			if err.Error() == "" {
				t.Error("an error that says nothing")
			}
			return
		}
		first, err := json.Marshal(m)
		if err != nil {
			t.Fatalf("a message that was read cannot be written: %v", err)
		}
		same, err := Decode(first)
		if err != nil {
			t.Fatalf("%s: %v", first, err)
		}
		if second, err := json.Marshal(same); err != nil || !bytes.Equal(first, second) {
			t.Errorf("it changes when it is written:\n%s\n%s (%v)", first, second, err)
		}
	})
}

// FuzzStdout: whatever line a trainer prints, it is a report, plain output, or an error that says what it lacks.
func FuzzStdout(f *testing.F) {
	for _, line := range []string{"", "epoch 3: 0.91", "automl:", "automl: no", "automl: [1]", `automl: {"epoch":{}}`, `automl: {"a":true}`,
		`automl: {"epoch":3,"val_accuracy":0.91,"loss":NaN,"cost_seconds":2.5,"last":true}` + "\r", `automl: {"fold":1e99}`, `automl: {"a":1,"a":-Infinity} x`} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		r, meant, err := ParseStdout(line)
		if !meant && (err != nil || len(r.Metrics) > 0) {
			t.Errorf("plain output is read as %+v (%v)", r, err)
		}
		if meant && err == nil && r.Metrics == nil {
			t.Error("a report without metrics")
		}
	})
}
