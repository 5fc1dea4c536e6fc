package trial

import (
	"strings"
	"unicode"
)

// Printable is a text that came from elsewhere as it may be recorded, logged and shown: a control character, with which a terminal could be
// told to do something, and a character that turns the direction of writing become U+FFFD. Line breaks and tabs stay.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
			return unicode.ReplacementChar
		}
		return r
	}, strings.ToValidUTF8(text, string(unicode.ReplacementChar)))
}

// printable makes the names of measurements so.
func (m Metrics) printable() {
	for i := range m {
		m[i].Name = Printable(m[i].Name)
	}
}

// Printable makes every text of a report so.
func (r *Report) Printable() { r.Metrics.printable() }

// Printable makes every text of an exit so.
func (e *Exit) Printable() {
	e.Message, e.Artifact = Printable(e.Message), Printable(e.Artifact)
	e.Metrics.printable()
}

// Printable makes every text of what a runner sent so.
func (m *Inbound) Printable() {
	switch {
	case m.Report != nil:
		m.Report.Printable()
	case m.Folds != nil:
		m.Folds.Hash = Printable(m.Folds.Hash)
	case m.Exit != nil:
		m.Exit.Printable()
	}
}

// Printable makes every text of what a runner tells of itself so.
func (r *RunnerInfo) Printable() {
	r.Name, r.Version = Printable(r.Name), Printable(r.Version)
	for i := range r.GPUs {
		r.GPUs[i] = Printable(r.GPUs[i])
	}
}
