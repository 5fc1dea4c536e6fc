package report

import (
	"fmt"
	"math"
	"strings"

	"automl/trial"
	"automl/trial/view"
)

// value is the value of a metric.
func value(v float64) string {
	if math.Abs(v) >= 1000 {
		return fmt.Sprintf("%.5g", v)
	}
	return fmt.Sprintf("%.4f", v)
}

// known is a value, or a dash where there is none.
func known(v *float64) string {
	if v == nil {
		return "–"
	}
	return value(*v)
}

// spread is a value with the standard deviation over its folds, if it has several.
func spread(v, std float64, folds int) string {
	if folds < 2 {
		return value(v)
	}
	return value(v) + " ± " + value(std)
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*share) }

// part is how many percent a is of b.
func part(a, b int) string { return percent(float64(a) / float64(max(b, 1))) }

// from is where a trial's own values stop: "fold 1 epoch 3"; "start" before the first.
func from(r trial.Resource) string {
	if r == (trial.Resource{}) {
		return "start"
	}
	return r.String()
}

func goal(o trial.Objective) string { return string(o.Goal) + " " + o.Metric }

func objectives(all []trial.Objective) string {
	var parts []string
	for _, o := range all {
		parts = append(parts, goal(o))
	}
	return strings.Join(parts, " and ")
}

// valueOf is the value of a trial with its spread.
func valueOf(t view.Reported) string {
	if t.Value == nil {
		return "–"
	}
	return spread(*t.Value, t.Std, len(t.Folds))
}

// titleOf is what a mark of a trial says when pointed at.
func titleOf(t view.Reported) string {
	return fmt.Sprintf("trial %d, %s: %s over %s\n%s", t.Trial.Trial, strings.ToLower(t.State), valueOf(t),
		view.Counted(len(t.Folds), "fold"), view.ParamsText(t.Params))
}

// numbers is a list of trials, shortened where it is long.
func numbers(all []int) string {
	const most = 12
	var parts []string
	for i, n := range all {
		if i == most {
			parts = append(parts, fmt.Sprintf("… (%d)", len(all)))
			break
		}
		parts = append(parts, fmt.Sprint(n))
	}
	return strings.Join(parts, ", ")
}
