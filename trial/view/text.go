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

// Bytes is an amount of memory for a person: "512 B", "1.5 GiB".
func Bytes(n int64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d B", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}

// Counted is a number of things: "1 fold", "5 folds".
func Counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// ClaimText is a claim to slots for a person.
func ClaimText(c trial.Claim) string {
	share, priority, most := 1.0, 0, "as many trials at once as there are slots"
	if c.Share != nil {
		share = *c.Share
	}
	if c.Priority != nil {
		priority = *c.Priority
	}
	if c.Workers != nil && *c.Workers > 0 {
		most = "at most " + Counted(*c.Workers, "trial") + " at once"
	}
	return fmt.Sprintf("share %g, priority %d, %s", share, priority, most)
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
