package main

import (
	"strings"
	"testing"

	"automl/runner/protocol"
)

func TestCacheFlags(t *testing.T) {
	for size, want := range map[string]int64{"0": 0, "8GiB": 8 << 30, "500 MB": 500e6} {
		got, err := (&cacheFlags{dir: "/shared", size: size}).parse()
		if err != nil || got.Bytes != want || want > 0 && got != (protocol.Cache{Dir: "/shared", Bytes: want}) {
			t.Errorf("%s: %+v, %v", size, got, err)
		}
	}
	for size, text := range map[string]string{"8": "no amount", "8G": "no unit", "1kB": "out of range", "": "no amount"} {
		if _, err := (&cacheFlags{size: size}).parse(); err == nil || !strings.Contains(err.Error(), "--cache-size") || !strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", size, err)
		}
	}
}
