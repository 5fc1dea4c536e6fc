package trial

import (
	"fmt"
	"strconv"
	"strings"
)

// refitReason is how the reason of every Refitted decision begins.
const refitReason = "trained on all data"

// RefitReason is the reason of a Refitted decision: what was measured with the model, to four digits, so that the record has it in
// words as all reasons are.
func RefitReason(m Metrics) string {
	var b strings.Builder
	b.WriteString(refitReason)
	for _, q := range m {
		fmt.Fprintf(&b, ", %s %.4g", q.Name, q.Value)
	}
	return b.String()
}

// Refit is what was measured with the refitted model of the trial; nil when there is none, or nothing was.
func (t *Trial) Refit() Metrics {
	rest, ok := strings.CutPrefix(t.Reason, refitReason+", ")
	if t.Artifact == "" || !ok {
		return nil
	}
	var out Metrics
	for _, part := range strings.Split(rest, ", ") {
		cut := strings.LastIndexByte(part, ' ')
		if cut < 0 {
			return nil
		}
		v, err := strconv.ParseFloat(part[cut+1:], 64)
		if err != nil {
			return nil
		}
		out = append(out, Metric{part[:cut], v})
	}
	return out
}
