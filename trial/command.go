package trial

import (
	"regexp"
	"slices"
	"strconv"
)

// A placeholder in the command of a trainer: ${lr} is the value of a parameter of the trial, or one of CommandWords; ${args},
// which stands alone, all parameters as --name=value. $${lr} is the text ${lr}. What follows -c is the text of a program, and stays.
var placeholder = regexp.MustCompile(`\$?\$\{([^{}]*)\}`)

// CommandArgs is the placeholder of all parameters.
const CommandArgs = "args"

// CommandWords are what placeholders can name besides parameters, which go first: fields of the work file.
var CommandWords = []string{"trial", "attempt", "seed", "fold", "folds", "epochs", "from", "to", "checkpoint_in", "checkpoint_out", "artifact_out", "scratch"}

// Placeholders lists what the placeholders of an argument name.
func Placeholders(arg string) []string {
	var out []string
	for _, m := range placeholder.FindAllStringSubmatch(arg, -1) {
		if m[0][1] != '$' {
			out = append(out, m[1])
		}
	}
	return out
}

// IsProgram reports whether argument i of a command is the text of a program, in which nothing is replaced.
func IsProgram(command []string, i int) bool { return i > 0 && command[i-1] == "-c" }

// FillCommand puts the values of a trial into the command of its trainer. An argument with a placeholder of something that the trial
// has not is left out: a parameter whose condition does not hold, the checkpoint to go on from where there is none. words are the
// values of CommandWords; an empty one is none.
func FillCommand(command []string, p Params, words map[string]string) []string {
	out := make([]string, 0, len(command))
	for i, arg := range command {
		switch {
		case IsProgram(command, i):
			out = append(out, arg)
		case arg == "${"+CommandArgs+"}":
			for _, q := range p {
				out = append(out, "--"+q.Name+"="+argument(q.Value))
			}
		default:
			if filled, ok := fill(arg, p, words); ok {
				out = append(out, filled)
			}
		}
	}
	return out
}

// fill replaces the placeholders of an argument; false where one has no value.
func fill(arg string, p Params, words map[string]string) (string, bool) {
	absent := false
	filled := placeholder.ReplaceAllStringFunc(arg, func(found string) string {
		if found[1] == '$' {
			return found[1:]
		}
		name := found[2 : len(found)-1]
		if v, ok := p.Get(name); ok {
			return argument(v)
		}
		value := words[name]
		absent = absent || value == ""
		return value
	})
	return filled, !absent
}

// argument is a value as a program reads it, floats in full.
func argument(v any) string {
	switch v := v.(type) {
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	}
	return v.(string) // a parameter is nothing else
}

// KnownPlaceholder reports whether a placeholder can have a value in a space with these parameters.
func KnownPlaceholder(name string, parameters []string) bool {
	return slices.Contains(parameters, name) || slices.Contains(CommandWords, name)
}
