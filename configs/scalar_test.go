package configs

import (
	"math"
	"testing"
)

func TestPlain(t *testing.T) {
	for text, want := range map[string]any{
		"1e-6": 1e-6, "1E3": 1e3, "-1.5e+3": -1500.0, "5.": 5.0, ".5": 0.5, "3.0": 3.0, "1e400": math.Inf(1), "-.INF": math.Inf(-1),
		"3": int64(3), "-0": int64(0), "+7": int64(7), "010": int64(10), "0o17": int64(15), "0x1F": int64(31),
		"9223372036854775807": int64(math.MaxInt64), "9223372036854775808": 9223372036854775808.0,
		"0xFFFFFFFFFFFFFFFFFF": math.Inf(1), "true": true, "False": false, "~": nil, "": nil, "Null": nil,
		"yes": "yes", "off": "off", "1_000": "1_000", "0b11": "0b11", "07:00": "07:00", "1e": "1e", "e5": "e5", "-": "-", ".": ".",
		"1.2.3": "1.2.3", "0x": "0x", "tRUE": "tRUE", "inf": "inf", "nan": "nan", "2026-11-24": "2026-11-24",
	} {
		if n := plain(text, place{}); n.value != want {
			t.Errorf("%q is %T %v, want %T %v", text, n.value, n.value, want, want)
		}
	}
	if n := plain(".nan", place{}); n.kind != float || !math.IsNaN(n.value.(float64)) {
		t.Error(".nan is something else")
	}
}
