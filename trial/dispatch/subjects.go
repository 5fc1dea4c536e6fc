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

// nobody is the token of a run that has no owner: one that came in with the secret all local runners share.
const nobody = "_"

// checkRun refuses the id of a run that could be taken for another's.
func checkRun(run string) error {
	if err := checkToken("run", run); err != nil {
		return err
	}
	if owner := trial.Owner(run); owner == nobody || owner == string(RoleDaemon) || run == string(RoleDaemon) || strings.HasSuffix(run, "-") {
		return trial.Errorf(trial.Invalid, "run %q is reserved", run)
	}
	return nil
}

// runTokens is a run as two tokens of a subject, its owner's and its own, so that a server can hold an owner to his runs. "*" stands
// for all runs, "box-*" for those of box.
func runTokens(run string) string {
	if run == "*" {
		return "*.*"
	}
	owner := trial.Owner(run)
	if owner == "" {
		return nobody + "." + run
	}
	return owner + "." + run[len(owner)+1:]
}

// runSubject is a subject of a run: announce, heartbeat, leave, progress or out.
func runSubject(k kind, run string) string { return root + string(k) + "." + runTokens(run) }

// runOf is the run of a subject made by runSubject.
func runOf(subject string) string {
	tokens := strings.Split(subject, ".")
	owner, own := tokens[len(tokens)-2], tokens[len(tokens)-1]
	if owner == nobody {
		return own
	}
	return owner + "-" + own
}

func workSubject(k trial.Key) string {
	return root + "work." + keyTokens(k)
}

func inSubject(m trial.Inbound) string {
	return root + "in." + runTokens(m.Run) + "." + keyTokens(m.Key) + "." + strconv.FormatInt(m.N, 10)
}

func keyTokens(k trial.Key) string {
	return k.Study + "." + strconv.Itoa(k.Trial) + "." + strconv.Itoa(k.Attempt)
}
