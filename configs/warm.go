package configs

import (
	"encoding/json"
	"math"
	"path/filepath"
	"reflect"
	"strings"

	"automl/search"
)

const (
	warmKey    = "warm_start"
	maxSources = 20
	maxResults = 1000 // of one source
)

// warmDocs are the sources of known results.
type warmDocs []warmDoc

func (w *warmDocs) decode(d *decoder, path string, n *node) {
	if n.kind == text {
		d.mismatch(path, n, "a list of studies and files", rules{}).withHint("write [%s]", shorten(n.raw))
		return
	}
	if n.kind == list && len(n.items) > maxSources {
		d.wrong(path, "%d sources are more than the %d there may be", len(n.items), maxSources)
		return
	}
	d.value(path, n, reflect.ValueOf((*[]warmDoc)(w)).Elem(), rules{minItems: 1})
}

// known is the results of all sources.
func (w warmDocs) known() []search.Known {
	var out []search.Known
	for i, source := range w {
		for _, r := range source.Results {
			out = append(out, search.Known{Source: i, Params: r.Params.params, Value: r.Value})
		}
	}
	return out
}

// bare is the sources without what was read from them.
func (w warmDocs) bare() warmDocs {
	var out warmDocs
	for _, source := range w {
		out = append(out, warmDoc{warmSection{From: source.From}})
	}
	return out
}

// warmDoc is a study, by id or name, or a CSV file: its name alone, or with the results that were read from it, in the terms of
// this study.
type warmDoc struct{ warmSection }

type warmSection struct {
	From    string      `json:"from" jsonschema:"required" jsonschema_description:"Name or id of a study, or a CSV file."`
	Results []resultDoc `json:"results,omitempty" jsonschema_description:"What was read."`
}

type resultDoc struct {
	Params assignmentDoc `json:"params" jsonschema:"required" jsonschema_description:"A complete configuration."`
	Value  float64       `json:"value" jsonschema:"required" jsonschema_description:"Its value of the objective."`
}

func (w *warmDoc) decode(d *decoder, path string, n *node) {
	if n.kind == mapping {
		d.into(path, n, &w.warmSection)
		return
	}
	d.text(path, n, reflect.ValueOf(&w.From).Elem(), rules{})
}

// MarshalJSON writes the name alone while nothing was read.
func (w warmDoc) MarshalJSON() ([]byte, error) {
	if w.Results == nil {
		return json.Marshal(w.From)
	}
	return json.Marshal(w.warmSection)
}

// isFile reports whether the source is a file rather than a study.
func (w warmDoc) isFile() bool { return strings.EqualFold(filepath.Ext(w.From), ".csv") }

// checkWarm makes the paths of files absolute and refuses sources that cannot be.
func (c *checker) checkWarm(dir string) {
	if n := len(c.doc.Objective); n > 1 && len(c.doc.WarmStart) > 0 {
		c.wrongKey(warmKey, "known results have one objective, and there are %d", n).withHint("take it out, or give one objective")
	}
	seen := map[string]bool{}
	for i := range c.doc.WarmStart {
		w, path := &c.doc.WarmStart[i], index(warmKey, i)
		switch {
		case strings.ContainsRune(w.From, 0):
			c.wrong(path, "holds a zero byte")
		case !w.isFile() && w.From == c.doc.Name:
			c.wrong(path, "a study cannot learn from itself").withHint("name an earlier study, or a CSV file")
		case w.isFile() && filepath.IsAbs(w.From):
			w.From = filepath.Clean(w.From)
		case w.isFile() && dir == "":
			c.wrong(path, "%q is relative, and there is no folder it could be relative to", shorten(w.From)).
				withHint("submit the file with the command line, which reads it")
		case w.isFile():
			w.From = filepath.Join(dir, w.From)
		}
		if seen[w.From] {
			c.wrong(path, "%s stands twice", shorten(w.From))
		}
		seen[w.From] = true
	}
}

// checkKnown brings results that stand in the document into the form of the space.
func (c *checker) checkKnown(s search.Space) {
	adopt := s.Adopter()
	for i := range c.doc.WarmStart {
		w, path := &c.doc.WarmStart[i], index(warmKey, i)
		if len(w.Results) > maxResults {
			c.wrong(path, "%d results are more than the %d there may be of one source", len(w.Results), maxResults)
			continue
		}
		for k := range w.Results {
			r, at := &w.Results[k], index(join(path, "results"), k)
			a, err := adopt(r.Params.params)
			switch {
			case err != nil:
				c.valueError(s, join(at, "params"), err)
			case math.IsInf(r.Value, 0) || math.IsNaN(r.Value):
				c.wrong(join(at, "value"), "is not a finite number")
			default:
				r.Params.params = a.Params
			}
		}
	}
}
