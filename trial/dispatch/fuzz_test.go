package dispatch

import (
	"bytes"
	"testing"
	"time"

	"automl/trial"
	"automl/trial/dispatch/dispatchtest"
)

// FuzzMessages: whatever the bytes, each kind of message is refused with a reason, or read as something that is sent and read again as
// the same; never a panic.
func FuzzMessages(f *testing.F) {
	a := dispatchtest.Assignment("s1", 3, 2)
	for _, m := range []struct {
		k    kind
		body any
	}{
		{kindInbound, dispatchtest.Report("run1", key, 1)},
		{kindInbound, trial.Inbound{Key: key, Run: "box-1", N: 1 << 62, Exit: &trial.Exit{Failure: trial.OOM, Message: "gone"}}},
		{kindInbound, trial.Inbound{Key: key, Run: "run1", N: 2, Folds: &trial.FoldsSeen{Hash: "h", Rows: 3}}},
		{kindAssignment, a},
		{kindAnnounce, trial.Announce{Key: key, Runner: "box", Run: "run1"}},
		{kindGrant, trial.Grant{Reason: "over"}},
		{kindHeartbeat, trial.RunnerInfo{Name: "box", Run: "run1", Slots: 2, Started: time.Unix(1, 0).UTC(), Attempts: []trial.Key{key}}},
		{kindProgress, trial.Progress{Key: key}},
		{kindOut, trial.Outbound{Key: key, N: 1, Verb: trial.Stop}},
	} {
		data, err := encode(m.k, m.body)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	for _, text := range []string{"", "{", "null", `{"v":2,"kind":"inbound","body":{}}`, `{"v":1,"kind":"inbound"}`, `{"v":1,"kind":"inbound","body":{"n":9223372036854775808}}`,
		`{"v":1,"kind":"inbound","body":{"report":{"metrics":{"a":"NaN","a":1e999}},"exit":{}}}`,
		`{"v":1,"kind":"inbound","body":{"run":"a","n":1,"folds":{}},"more":[{"run":"a","n":2,"exit":{}},{"run":"b","n":1}]}`, "\xff"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		again[trial.Assignment](t, kindAssignment, data)
		again[trial.Announce](t, kindAnnounce, data)
		again[trial.Grant](t, kindGrant, data)
		again[trial.RunnerInfo](t, kindHeartbeat, data)
		again[trial.RunnerInfo](t, kindLeave, data)
		again[trial.Progress](t, kindProgress, data)
		again[trial.Outbound](t, kindOut, data)
		again[trial.Inbound](t, kindInbound, data)
		if bundle, err := decodeAll[trial.Inbound](kindInbound, data); err == nil && checkRun(bundle[0].Run) == nil {
			subject := inSubject(bundle[0])
			_ = checkBundle(bundle, subject) // two things at once are refused; it must not matter which
			if err := checkBundle(bundle, subject+"0"); err == nil {
				t.Error("a message is taken over the subject of another one")
			}
		}
	})
}

// again reads a message, and what it was read as.
func again[T any](t *testing.T, k kind, data []byte) (T, bool) {
	body, err := decode[T](k, data)
	if err != nil {
		return body, false
	}
	first, err := encode(k, body)
	if err != nil {
		if trial.CodeOf(err) != trial.Invalid {
			t.Errorf("%s cannot be sent: %v", k, err)
		}
		return body, false
	}
	same, err := decode[T](k, first)
	if err != nil {
		t.Fatalf("%s is not read again: %v\n%s", k, err, first)
	}
	second, err := encode(k, same)
	if err != nil || !bytes.Equal(first, second) {
		t.Errorf("%s changes when it is sent:\n%s\n%s (%v)", k, first, second, err)
	}
	return body, true
}
