package trial

import (
	"slices"
	"strings"
	"testing"
)

func TestSplitPython(t *testing.T) {
	for _, tt := range []struct{ command, python, script, args string }{
		{"python3 train.py", "python3", "train.py", ""},
		{"/opt/env/bin/python3.12 -u -X dev -W error train.py --lr=3 -c x", "/opt/env/bin/python3.12 -u -X dev -W error", "train.py", "--lr=3 -c x"},
		{"python -m pack.train -m", "python", "-m pack.train", "-m"},
	} {
		python, script, args, err := SplitPython(strings.Fields(tt.command))
		got := []string{strings.Join(python, " "), strings.Join(script, " "), strings.Join(args, " ")}
		if err != nil || !slices.Equal(got, []string{tt.python, tt.script, tt.args}) {
			t.Errorf("%s: %q, %v", tt.command, got, err)
		}
	}
	for _, command := range []string{"", "sh train.sh", "torchrun train.py", "python3", "python3 -u", "python3 -c pass", "python3 -m", "python3 - x", "python3 -X dev"} {
		if python, script, args, err := SplitPython(strings.Fields(command)); err == nil {
			t.Errorf("%q was taken: %q %q %q", command, python, script, args)
		}
	}
}
