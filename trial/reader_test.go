package trial

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

// messages are all that a message may hold.
func messages() []Inbound {
	k := Key{Study: "0123456789abcdef", Trial: 7, Attempt: 2}
	return []Inbound{
		{}, {Key: k, Run: "box-1", N: 1, Exit: &Exit{}},
		{Key: k, Run: "box-1", N: math.MaxInt64, Exit: &Exit{Failure: OOM, Message: "a \"}\" in\ntext", Artifact: "x", Metrics: Metrics{{"loss", math.Inf(1)}}}},
		{Key: k, Run: "box-1", N: -1, Folds: &FoldsSeen{Hash: "h", Rows: 3}},
		{Key: k, N: 3, Report: &Report{}},
		{Key: k, N: 3, Report: &Report{Trial: 7, Attempt: 2, Fold: 1, Epoch: 3, Metrics: Metrics{{"loss", 1e-300}, {"b", -0.5}}, Cost: 1.5, Last: true,
			Cache: &CacheUse{Hits: 1, Saved: 2.5}, Confusion: &Confusion{Classes: 2, Names: []string{"{", "}"}, Cells: []byte{1, 2}}, Usage: &Usage{Memory: 9}}},
		{Key: k, N: 3, Report: &Report{Metrics: Metrics{{"loss", math.NaN()}}}},
	}
}

// TestReader reads what messages write, as encoding/json does.
func TestReader(t *testing.T) {
	for i, m := range messages() {
		text, err := m.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		if read := agree(t, text); read != (i != 6) {
			t.Errorf("%s: read by a Reader: %t", text, read)
		}
	}
	for _, o := range []Outbound{{}, {Key: Key{Study: "s", Trial: 1}, N: 4, Verb: Stop, Reason: "weak"}} {
		text, err := o.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		if !agree(t, text) {
			t.Errorf("%s is not read", text)
		}
	}
}

// agree has a text read in both ways, and tells whether a Reader took it: then encoding/json must, and as the same.
func agree(t *testing.T, text []byte) (read bool) {
	t.Helper()
	var in, wantIn Inbound
	if r := NewReader(text); r.Inbound(&in) && r.End() {
		read = true
		if err := json.Unmarshal(text, &wantIn); err != nil || !equal(in, wantIn) {
			t.Errorf("%q is read as %+v, not as %+v (%v)", text, in, wantIn, err)
		}
	}
	var out, wantOut Outbound
	if r := NewReader(text); r.Outbound(&out) && r.End() {
		read = true
		if err := json.Unmarshal(text, &wantOut); err != nil || out != wantOut {
			t.Errorf("%q is read as %+v, not as %+v (%v)", text, out, wantOut, err)
		}
	}
	return read
}

// equal compares messages whose metrics may be NaN.
func equal(a, b Inbound) bool {
	x, errX := a.AppendJSON(nil)
	y, errY := b.AppendJSON(nil)
	return errX == nil && errY == nil && string(x) == string(y) || reflect.DeepEqual(a, b)
}

func FuzzReader(f *testing.F) {
	for _, m := range messages() {
		text, err := m.AppendJSON(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{`{"key":{"study":"s","trial":1,"attempt":2},"n":4,"verb":"stop"}`, `{"key":{"study":"s","trial":01,"attempt":2},"n":4}`,
		`{"key":{"study":"s","trial":-0,"attempt":1e2},"n":4}`, `{"key":{"study":"s","trial":1,"attempt":2},"run":"r","n":1,"report":{"trial":1,"attempt":2,"fold":0,"epoch":1,"metrics":{"a":1e999,"a":2}}}`,
		`{"key":{"study":"s","trial":1,"attempt":2},"run":"r","n":1,"report":{"trial":1,"attempt":2,"fold":0,"epoch":1,"metrics":{"a":-.5}}}`,
		`{"key":{"study":"s","trial":1,"attempt":2},"run":"r","n":1,"exit":{"message":"\"}"},"more":1}`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) { agree(t, text) })
}

func BenchmarkReader(b *testing.B) {
	text, err := messages()[5].AppendJSON(nil)
	if err != nil {
		b.Fatal(err)
	}
	plain := messages()[5]
	plain.Report.Cache, plain.Report.Confusion, plain.Report.Usage = nil, nil, nil
	if text, err = plain.AppendJSON(nil); err != nil {
		b.Fatal(err)
	}
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m Inbound
			if !NewReader(text).Inbound(&m) {
				b.Fatal("not read")
			}
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			var m Inbound
			if err := json.Unmarshal(text, &m); err != nil {
				b.Fatal(err)
			}
		}
	})
}
