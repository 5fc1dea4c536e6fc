package dispatch

import (
	"regexp"
	"strconv"
	"strings"

	"automl/trial"
)

// The streams and their consumers.
const (
	workStream   = "AUTOML_WORK"
	inStream     = "AUTOML_IN"
	workConsumer = "runners" // one for all runners: a piece of work goes to whoever asked first
	inConsumer   = "daemon"
)

const root = "automl.v1."

// tokenPattern is what an id must look like to be one token of a subject.
var tokenPattern = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

func checkToken(what, id string) error {
	if tokenPattern.MatchString(id) {
		return nil
	}
	return trial.Errorf(trial.Invalid, "%s %q cannot be sent over the bus", what, id).
		WithHint("use 1 to 64 letters, digits, '-' and '_'")
}

// runSubject is a subject of a run: announce, heartbeat, leave, progress or out.
func runSubject(k kind, run string) string { return root + string(k) + "." + run }

// runOf is the last token of a subject made by runSubject.
func runOf(subject string) string { return subject[strings.LastIndexByte(subject, '.')+1:] }

func studySubject(study string) string { return root + "work." + study + ".>" }

func workSubject(k trial.Key) string {
	return root + "work." + keyTokens(k)
}

func inSubject(m trial.Inbound) string {
	return root + "in." + m.Run + "." + keyTokens(m.Key) + "." + strconv.FormatInt(m.N, 10)
}

func keyTokens(k trial.Key) string {
	return k.Study + "." + strconv.Itoa(k.Trial) + "." + strconv.Itoa(k.Attempt)
}
