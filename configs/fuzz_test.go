package configs

import (
	"os"
	"testing"
)

// FuzzParse: whatever the bytes, there is a sweep that survives the round trip, or an error with a message; never a panic.
func FuzzParse(f *testing.F) {
	for _, dir := range []string{"testdata/good", "testdata/bad"} {
		for _, file := range sweeps(f, dir) {
			data, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse("fuzz.yaml", data, "/srv")
		if err == nil {
			again(t, s)
			return
		}
		list := ListErrors(err)
		if len(list) == 0 || err.Error() == "" {
			t.Fatalf("%T %v is not an error of this package", err, err)
		}
		for _, e := range list {
			if e.Msg == "" || e.Line < 0 || e.Column < 0 {
				t.Fatalf("incomplete: %+v", e)
			}
		}
	})
}
