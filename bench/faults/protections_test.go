package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestProtections: each protection can be taken out of the source as it is, and names faults that there are.
func TestProtections(t *testing.T) {
	known, needed := map[string]int{}, map[int]bool{}
	for _, f := range faults {
		known[f.name] = f.number
	}
	for _, p := range protections {
		for _, e := range p.edits {
			source, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(e.file)))
			if err != nil {
				t.Fatal(err)
			}
			if n := strings.Count(string(source), e.old); n != 1 {
				t.Errorf("%s: what is to be changed stands %d times in %s; protections.go must follow the source:\n%s", p.name, n, e.file, e.old)
			}
		}
		for _, name := range p.faults {
			if known[name] == 0 {
				t.Errorf("%s: there is no fault %s", p.name, name)
			}
			needed[known[name]] = true
		}
	}
	for _, f := range faults {
		if f.number > 0 && !needed[f.number] {
			t.Errorf("no protection is known to be needed for fault %d, %s", f.number, f.name)
		}
	}
}
