package trial

import (
	"encoding/json"
	"math"
	"reflect"
	"testing"
)

// odd are texts that JSON does not take as they are.
var odd = []string{"", "run-1", "a\"b\\c", "tab\tnew\nline", "Größe <&>", "\x00\x7f", "\xff invalid", "\u2028"}

// TestWire writes messages both ways: they are read as the same.
func TestWire(t *testing.T) {
	for typ, fields := range map[reflect.Type]int{reflect.TypeFor[Report](): 10, reflect.TypeFor[Inbound](): 8, reflect.TypeFor[Outbound](): 5, reflect.TypeFor[Key](): 3} {
		if n := typ.NumField(); n != fields {
			t.Errorf("%v has %d fields: AppendJSON has to write each", typ, n)
		}
	}
	reports := []Report{{}, {Trial: 7, Attempt: 2, Fold: 1, Epoch: 3, Metrics: Metrics{{"loss", 0.25}, {"acc", math.NaN()}, {"x", math.Inf(-1)}, {"", -1e-300}},
		Cost: 1e-9, Last: true, Cache: &CacheUse{Hits: 1, Saved: 2.5}, Confusion: &Confusion{}, Usage: &Usage{}}, {Cost: 1e300, Metrics: Metrics{{"a", 1e22}}}}
	for _, text := range odd {
		reports = append(reports, Report{Metrics: Metrics{{text, 1}}})
	}
	for i := range reports {
		same(t, Inbound{Key: Key{Study: "s", Trial: 1, Attempt: 2}, Run: "r", N: math.MaxInt64, Since: int64(i), Report: &reports[i]})
	}
	for _, text := range odd {
		same(t, Inbound{Key: Key{Study: text, Trial: -1}, Run: text, Folds: &FoldsSeen{Hash: text, Rows: 3}})
		same(t, Inbound{Exit: &Exit{Failure: Crash, Message: text}})
		same(t, Outbound{Key: Key{Study: text}, N: 4, Verb: Verb(text), Reason: text, Worth: 1e-9})
	}
	if _, err := (Inbound{Report: &Report{Cost: math.Inf(1)}}).AppendJSON(nil); err == nil {
		t.Error("a cost that JSON does not have was written")
	}
}

// same compares what is read of a message that wrote itself with what is read of the one that encoding/json wrote.
func same[T interface{ AppendJSON([]byte) ([]byte, error) }](t *testing.T, m T) {
	t.Helper()
	own, err := m.AppendJSON([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	theirs, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	var a, b any
	if err := json.Unmarshal(own[1:], &a); err != nil {
		t.Fatalf("%s: %v", own, err)
	}
	if err := json.Unmarshal(theirs, &b); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s is not %s", own[1:], theirs)
	}
}

func BenchmarkWire(b *testing.B) {
	m := Inbound{Key: Key{Study: "0123456789abcdef", Trial: 7, Attempt: 1}, Run: "box-1", N: 3, Report: &Report{Trial: 7, Attempt: 1, Epoch: 3,
		Metrics: Metrics{{"loss", 0.42171}, {"accuracy", 0.8125}}, Cost: 12.5}}
	b.Run("own", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = m.AppendJSON(nil)
		}
	})
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = json.Marshal(m)
		}
	})
}
