package trial

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// ResidentSpec says what a resident process of a command has loaded: a Python interpreter that stays, of which the trainers of the
// study on a runner are forks.
type ResidentSpec struct {
	Import []string `json:"import,omitempty"` // modules; none: those that the script imports at its top and that do not lie beside it
	Setup  string   `json:"setup,omitempty"`  // module:function, called once, without arguments
}

// pythonName is what the interpreter of a command must be called.
var pythonName = regexp.MustCompile(`^(python|pypy)[0-9.]*$`)

// pythonValues are the options of the interpreter whose value is the next argument.
var pythonValues = []string{"-W", "-X", "--check-hash-based-pycs"}

// SplitPython splits the command of a Python script: the interpreter with its options, the script (a file, or -m and a module), and
// what the script gets as arguments. An error says why the command is none, or not one that a resident process can stand for.
func SplitPython(command []string) (python, script, args []string, err error) {
	if len(command) == 0 || !pythonName.MatchString(filepath.Base(command[0])) {
		return nil, nil, nil, fmt.Errorf("it must begin with a Python interpreter, as in [python3, train.py]")
	}
	for i := 1; i < len(command); i++ {
		switch arg := command[i]; {
		case arg == "-m" && i+1 < len(command):
			return command[:i], command[i : i+2], command[i+2:], nil
		case arg == "-c" || arg == "-m" || arg == "-" || arg == "-i":
			return nil, nil, nil, fmt.Errorf("it must name a script, not %s", arg)
		case slices.Contains(pythonValues, arg):
			i++
		case !strings.HasPrefix(arg, "-"):
			return command[:i], command[i : i+1], command[i+1:], nil
		}
	}
	return nil, nil, nil, fmt.Errorf("it must name a script, as in [python3, train.py]")
}
