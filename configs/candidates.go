package configs

import (
	"encoding/json"
	"math"

	"automl/search"
	"automl/trial"
)

const candidatesKey = "candidates"

// candidatesDoc is the only configurations there are: a list, or a file that holds it.
type candidatesDoc struct {
	file   string
	nodes  []*node // of the list, until they become params
	params []trial.Params
}

func (a *candidatesDoc) decode(d *decoder, path string, n *node) {
	switch {
	case n.kind == text && n.raw != "":
		a.file = n.raw
	case n.kind != list:
		d.mismatch(path, n, "a list of configurations or the name of a CSV file", rules{}).
			withHint("candidates: [{lr: 5e-5, batch_size: 32}], or candidates: trials.csv")
	case len(n.items) == 0:
		d.wrong(path, "the list is empty")
	case len(n.items) > maxCandidates:
		d.wrong(path, "%d candidates are more than the %d there may be", len(n.items), maxCandidates)
	default:
		a.nodes = n.items
	}
}

// MarshalJSON writes the configurations.
func (a *candidatesDoc) MarshalJSON() ([]byte, error) { return json.Marshal(a.params) }

// addCandidates gives the space its candidates and records what is wrong with them.
func (c *checker) addCandidates(s search.Space, dir string, files bool) search.Space {
	a := c.doc.Candidates
	switch {
	case a == nil:
		return s
	case a.file != "" && !files:
		c.wrong(candidatesKey, "no file is read here").withHint("write the list itself, or submit the file with the command line")
		return s
	case a.file != "":
		c.readCandidates(s, dir)
	default:
		c.listCandidates(s)
	}
	s.Candidates = a.params
	return s
}

// listCandidates takes the candidates of the document.
func (c *checker) listCandidates(s search.Space) {
	a, read := c.doc.Candidates, s.CandidateReader()
	a.params = make([]trial.Params, 0, len(a.nodes))
	for i, n := range a.nodes {
		p, plain := candidate(n)
		if plain {
			full, err := read(p)
			if err == nil {
				a.params = append(a.params, full)
				continue
			}
			path := index(candidatesKey, i)
			c.walk(path, n.at, n)
			c.valueError(s, path, err)
		} else {
			c.badCandidate(index(candidatesKey, i), n)
		}
		if c.full() {
			break
		}
	}
	a.nodes = nil
}

// candidate is a node as a configuration; false when it needs another look.
func candidate(n *node) (trial.Params, bool) {
	if n.kind != mapping {
		return nil, false
	}
	p := make(trial.Params, len(n.items))
	for i, item := range n.items {
		v, number := item.value.(float64)
		if item.kind == null || item.kind == list || item.kind == mapping || number && (item.big || math.IsInf(v, 0) || math.IsNaN(v)) {
			return nil, false
		}
		p[i] = trial.Param{Name: n.keys[i].name, Value: item.value}
	}
	return p, true
}

// badCandidate records why a node is no configuration.
func (c *checker) badCandidate(path string, n *node) {
	c.walk(path, n.at, n)
	(&assignmentDoc{}).decode(&decoder{c.source}, path, n)
}
