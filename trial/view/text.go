package view

import (
	"fmt"
	"strings"
	"time"

	"automl/trial"
)

// Duration is seconds for a person.
func Duration(seconds float64) string {
	if seconds < 60 {
		return fmt.Sprintf("%.1f s", seconds)
	}
	return time.Duration(seconds * float64(time.Second)).Round(time.Second).String()
}

// Counted is a number of things: "1 fold", "5 folds".
func Counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// ParamsText is parameters for a person, the freeze schedule in words.
func ParamsText(p trial.Params) string {
	rest, schedule := Plain(p)
	switch {
	case schedule == "":
		return p.String()
	case len(rest) == 0:
		return "freeze=" + schedule
	}
	return rest.String() + " freeze=" + schedule
}

// Plain is parameters without those of a typed freeze schedule, and the schedule in words; empty where there is none, or none that can
// be read.
func Plain(p trial.Params) (rest trial.Params, schedule string) {
	if p.Text("freeze."+trial.FreezeStrategy, "") == "" {
		return p, ""
	}
	freeze, err := trial.FreezeFrom(p, "freeze")
	if err != nil {
		return p, ""
	}
	for _, q := range p {
		if !strings.HasPrefix(q.Name, "freeze.") {
			rest = append(rest, q)
		}
	}
	return rest, freeze.String()
}
