// Package reference compares numerics with values that other software computed. They are kept in testdata/reference.json beside the
// script that made them.
package reference

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// Load reads the values of the package under test.
func Load[T any](t *testing.T) T {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r T
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// Agree compares a value with the expected one: to the tolerance, relative where the value is above 1.
func Agree(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: %.15g, want %.15g", what, got, want)
	}
}
