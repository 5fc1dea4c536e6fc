package ops

import (
	"os"
	"reflect"
	"strings"
	"testing"
)

// leaves are the methods of Builder that add nodes which compute nothing.
const leaves = " Input Param TokenInput InputBuffer TokenBuffer "

func TestOperationsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/finetune.md")
	if err != nil {
		t.Fatal(err)
	}
	builder, node := reflect.TypeFor[*Builder[float32]](), reflect.TypeFor[*Node]()
	for i := range builder.NumMethod() {
		m := builder.Method(i)
		if m.Type.NumOut() == 0 || m.Type.Out(0) != node || strings.Contains(leaves, " "+m.Name+" ") {
			continue
		}
		listed := false
		for line := range strings.Lines(string(text)) {
			cell, _, _ := strings.Cut(strings.TrimPrefix(line, "|"), "|")
			listed = listed || strings.HasPrefix(line, "|") && strings.Contains(cell, "`"+m.Name+"`")
		}
		if !listed {
			t.Errorf("docs/finetune.md, section Operations: no row for %s, with its finite-difference check", m.Name)
		}
	}
}
