package configs

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"automl/search"
	"automl/trial"
)

// Library is where the sources of a warm start are found.
type Library struct {
	// Study finds an earlier study by its id or name, code NotFound when there is none; nil: studies are left unread, for
	// somebody else to find.
	Study func(idOrName string) (*trial.State, error)
	Files bool // whether files may be read; where not, a file that is still unread is an error
}

// Learns tells whether the warm start names a source that has not been read.
func (s *Sweep) Learns() bool {
	return slices.ContainsFunc(s.doc.WarmStart, func(w warmDoc) bool { return w.Results == nil })
}

// Learn reads the sources of the warm start that have not been read yet and writes their results into the document, so that the
// study no longer depends on them. The notes say, a line a source, what was taken, what was assumed and what was left out. The
// error is an *Error, or Errors when there are several.
func (s *Sweep) Learn(from Library) (notes []string, err error) {
	l := &learner{Sweep: s, adopt: s.space.Adopter()}
	for i := range s.doc.WarmStart {
		w := &s.doc.WarmStart[i]
		if w.Results != nil || !w.isFile() && from.Study == nil {
			continue
		}
		l.intake = intake{path: index(warmKey, i), from: w.From}
		switch {
		case !w.isFile():
			l.study(from.Study)
		case from.Files:
			l.file()
		default:
			l.wrong("no file is read here").withHint("submit the sweep with the command line, which reads it")
		}
		if len(l.errs) == 0 {
			w.Results = l.best()
			notes = append(notes, l.note())
		}
	}
	if len(l.errs) > 0 {
		return nil, asError(l.errs)
	}
	return notes, s.rewrite()
}

// rewrite brings the document up to date with what was learned.
func (s *Sweep) rewrite() error {
	data, err := json.Marshal(s.doc)
	if err != nil {
		return fmt.Errorf("write the document: %w", err)
	}
	if len(data) > maxBytes {
		return s.Errorf(warmKey, "the results make a document of %d bytes, more than the %d there may be", len(data), maxBytes)
	}
	s.document, s.Sampler.Known = data, s.doc.WarmStart.known()
	return nil
}

// learner reads one source after another.
type learner struct {
	*Sweep
	adopt func(trial.Params) (search.Adopted, error)
	errs  []*Error
	intake
}

// intake is what one source gave.
type intake struct {
	path, from string
	taken      []resultDoc
	left       int    // results that do not fit
	why        string // the first of them does not
	ignored    []string
	assumed    []trial.Param
}

// wrong records an error at the source's place in the sweep file.
func (l *learner) wrong(format string, args ...any) *Error {
	e := l.Errorf(l.path, format, args...)
	l.errs = append(l.errs, e)
	return e
}

// take adds a result, if it fits the space.
func (l *learner) take(p trial.Params, value float64) {
	a, err := l.adopt(p)
	if err != nil {
		l.left++
		l.why = cmp.Or(l.why, err.Error())
		return
	}
	l.taken = append(l.taken, resultDoc{assignmentDoc{a.Params}, value})
	for _, name := range a.Ignored {
		if !slices.Contains(l.ignored, name) {
			l.ignored = append(l.ignored, name)
		}
	}
	for _, q := range a.Assumed {
		if !slices.Contains(l.assumed, q) {
			l.assumed = append(l.assumed, q)
		}
	}
}

// study takes the complete trials of an earlier study, scored by the objective of this one.
func (l *learner) study(find func(string) (*trial.State, error)) {
	other, err := find(l.from)
	if err != nil {
		e := l.wrong("%v", err)
		e.Hint = trial.HintOf(err)
		return
	}
	complete, metrics := 0, []string{}
	for _, t := range other.Trials {
		if t.Status != trial.Complete {
			continue
		}
		complete++
		metrics = withWords(metrics, t.Metrics())
		if score, ok := t.ScoreAt(l.Objective, other.Study.Shape, other.Study.Shape.Full()); ok {
			l.take(t.Params, score.Value)
		}
	}
	switch {
	case complete == 0:
		l.wrong("study %s has no complete trial to learn from", other.Study.Name)
	case !slices.Contains(metrics, l.Objective.Metric):
		l.wrong("study %s has no metric %q", other.Study.Name, l.Objective.Metric).withHint("it has %s", strings.Join(metrics, ", "))
	default:
		l.some()
	}
}

// withWords is words with more of them, each once.
func withWords(words, more []string) []string {
	for _, w := range more {
		if !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	return words
}

// some records an error when nothing fits.
func (l *learner) some() {
	if len(l.taken) > 0 || len(l.errs) > 0 {
		return
	}
	if l.left > 0 {
		l.wrong("none of the %d results of %s fits the search space: %s", l.left, l.from, l.why)
		return
	}
	l.wrong("%s has no finite value of %s", l.from, l.Objective.Metric)
}

// best is the results that are kept: all, or where there are too many the better half of that number, and the others evenly.
func (l *learner) best() []resultDoc {
	slices.SortStableFunc(l.taken, func(a, b resultDoc) int {
		return cmp.Compare(l.Objective.Loss(a.Value), l.Objective.Loss(b.Value))
	})
	if len(l.taken) <= maxResults {
		return l.taken
	}
	out, rest := slices.Clone(l.taken[:maxResults/2]), l.taken[maxResults/2:]
	for i := range maxResults - maxResults/2 {
		out = append(out, rest[i*len(rest)/(maxResults-maxResults/2)])
	}
	return out
}

// note is what was taken, for a person.
func (l *learner) note() string {
	parts := []string{fmt.Sprintf("%s: %d known results", l.from, len(l.taken))}
	if len(l.taken) > maxResults {
		parts = append(parts, fmt.Sprintf("of which %d are kept", maxResults))
	}
	for _, q := range l.assumed {
		parts = append(parts, fmt.Sprintf("%s is not always in it: %s is assumed", q.Name, trial.FormatValue(q.Value)))
	}
	if len(l.ignored) > 0 {
		parts = append(parts, "ignored, because the search space has no such parameter: "+strings.Join(l.ignored, ", "))
	}
	if l.left > 0 {
		parts = append(parts, fmt.Sprintf("%d left out, the first because %s", l.left, l.why))
	}
	return strings.Join(parts, "; ")
}
