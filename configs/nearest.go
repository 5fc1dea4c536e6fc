package configs

import (
	"fmt"
	"strings"
)

// aliases are the names that other tools use for our keys and words.
var aliases = map[string]string{
	"min": "low", "max": "high", "values": "choices", "distribution": "type", "q": "step", "condition": "when",
	"lr_low": "low", "direction": "goal", "params": "parameters", "search_space": "parameters", "space": "parameters",
	"n_trials": "trials", "num_trials": "trials", "max_trials": "trials", "time": "hours", "method": "sampler",
	"pruner": "scheduler", "folds": "k", "n_splits": "k", "algorithm": "sampler", "max_epochs": "epochs", "program": "command",
	"cmd": "command", "cwd": "workdir", "environment": "env", "gpu": "gpus", "mem": "memory", "reduction_factor": "eta",
	"grace_period": "grace", "column": "label", "n_jobs": "workers", "parallel": "workers", "random_state": "seed",
	"uniform": "float", "loguniform": "float", "log_uniform": "float", "log_uniform_values": "float", "double": "float",
	"real": "float", "number": "float", "integer": "int", "int_uniform": "int", "q_uniform": "float", "choice": "categorical",
	"category": "categorical", "enum": "categorical", "bool": "categorical", "boolean": "categorical", "const": "constant",
	"minimise": "minimize", "maximise": "maximize", "average": "mean", "avg": "mean", "script": "command", "builtin": "builtin",
	"bayesian": "gp", "bayes": "gp", "bayesopt": "gp", "successive_halving": "asha", "sha": "asha", "freeze-thaw": "freezethaw", "freeze_thaw": "freezethaw", "none": "fifo",
}

// nearest is the known word closest to an unknown one, false when none is close.
func nearest(word string, known []string) (string, bool) {
	lower := strings.ToLower(strings.ReplaceAll(word, "-", "_"))
	best, least := "", max(1, len([]rune(word))/3)+1
	for _, k := range known {
		if d := distance(lower, strings.ToLower(strings.ReplaceAll(k, "-", "_"))); d < least {
			best, least = k, d
		}
	}
	if best != "" {
		return best, true
	}
	for _, k := range known {
		if aliases[lower] == k {
			return k, true
		}
	}
	for _, k := range known {
		if len(lower) >= 3 && strings.HasPrefix(strings.ToLower(k), lower) {
			return k, true
		}
	}
	return "", false
}

// suggest is a hint for an unknown word: the nearest known one, or all of them.
func suggest(word string, known []string) string {
	if k, ok := nearest(word, known); ok {
		return fmt.Sprintf("did you mean %q?", k)
	}
	return "known: " + strings.Join(known, ", ")
}

// maxWord bounds the work of a comparison; a longer word is a typing error of nothing.
const maxWord = 64

// distance is the number of edits between two words: insert, delete, replace, or swap neighbours.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	if len(s) > maxWord || len(t) > maxWord {
		return maxWord
	}
	rows := make([][]int, len(s)+1)
	for i := range rows {
		rows[i] = make([]int, len(t)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(s)][len(t)]
}
