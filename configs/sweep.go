package configs

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"time"

	"automl/schedulers"
	"automl/search"
	"automl/trial"
)

// Sweep is a sweep file that has been read and found right, with all defaults filled in and all paths absolute.
type Sweep struct {
	Name      string
	Objective trial.Objective   // what is optimized; with Others, the one that leads
	Others    []trial.Objective // the further objectives; none: there is one
	Shape     trial.Shape       // folds and epochs
	Sampler   search.Config
	Scheduler schedulers.Config // with the grace and the number of trials of the document
	Budget    Budget
	Trainer   trial.TrainerSpec
	Resources trial.Resources
	Confirm   Confirm        // zero: nothing is confirmed
	Refit     bool           // train the winner on all rows at the end
	Probe     bool           // the built-in trainer begins with a probe, one of the trials of the budget
	Enqueue   []trial.Params // complete configurations, to run first
	Workers   int            // most trials at once; 0: the slots there are
	Priority  int            // beside other studies: each step is worth twice the slots
	Share     float64        // beside other studies of the same priority, in proportion; 0: 1
	Seed      uint64

	space    search.Space
	split    trial.FoldPlan
	document json.RawMessage
	digest   string
	doc      *document
	source   *source
}

// Claim is the study's claim to the slots of the runners, beside other studies.
func (s *Sweep) Claim() trial.Claim {
	share := cmp.Or(s.Share, 1)
	return trial.Claim{Share: &share, Priority: &s.Priority, Workers: &s.Workers}
}

// Confirm says how many of the best trials are trained again, and how many times each.
type Confirm struct {
	Top, Seeds int
}

// Load reads a sweep file. Relative paths are those of its folder; the files and folders it names must be there. The error is
// an *Error, or Errors when there are several.
func Load(path string) (*Sweep, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	return read(path, nameOf(path), data, dir, true)
}

// readFile reads a file, of a larger one than a sweep may be just so much that parse refuses it.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: path, Msg: "cannot be read: " + cause(err), Hint: "name a YAML or JSON file"}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxBytes+1))
	if err != nil {
		return nil, &Error{File: path, Msg: "cannot be read: " + cause(err), Hint: "name a YAML or JSON file"}
	}
	return data, nil
}

// Parse reads a sweep document, YAML or JSON. Name stands in error messages, and gives the study its name when the document
// has none and name ends in .yaml, .yml or .json. Relative paths are those of dir; when that is empty they are errors. No
// file is looked at.
func Parse(name string, data []byte, dir string) (*Sweep, error) {
	if dir != "" {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, fmt.Errorf("find the folder %s: %w", dir, err)
		}
		dir = abs
	}
	study := ""
	if named(name) {
		study = nameOf(name)
	}
	return read(name, study, data, dir, false)
}

// read does the work of Load and Parse.
func read(file, study string, data []byte, dir string, files bool) (*Sweep, error) {
	s := &source{file: file, marks: map[string]mark{}}
	root, wrong := parse(s, data)
	if wrong != nil {
		return nil, wrong
	}
	return s.build(root, study, dir, files)
}

// build makes a sweep of a tree.
func (s *source) build(root *node, study, dir string, files bool) (*Sweep, error) {
	s.walk("", root.at, root)
	c := &checker{source: s, doc: &document{}}
	(&decoder{s}).section("", root, reflect.ValueOf(c.doc).Elem())
	if len(s.errs) > 0 {
		return nil, asError(s.errs)
	}
	c.doc.fill(study)
	c.check()
	c.resolvePaths(dir)
	c.checkWarm(dir)
	if files {
		c.checkFiles()
	}
	space, ok := c.space()
	if ok {
		space = c.addCandidates(space, dir, files)
		if space, ok = c.addConstraints(space); ok {
			c.checkEnqueue(space)
			c.checkKnown(space)
			c.checkPlaceholders(space)
		}
	}
	if len(s.errs) > 0 {
		return nil, asError(s.errs)
	}
	return c.doc.sweep(space, s)
}

// sweep hands the document over as domain types.
func (d *document) sweep(space search.Space, s *source) (*Sweep, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("write the document: %w", err)
	}
	if len(data) > maxBytes {
		return nil, s.errorf("candidates", "they make a document of %d bytes, more than the %d there may be", len(data), maxBytes)
	}
	digest, err := d.digest()
	if err != nil {
		return nil, err
	}
	b := d.budget()
	leading, others := d.Objective.objectives()
	out := &Sweep{
		Name:      d.Name,
		Objective: leading,
		Others:    others,
		Shape:     trial.Shape{Folds: d.Folds.K, Epochs: d.Epochs.Max},
		Sampler: search.Config{Type: d.Sampler.Type, Startup: d.Sampler.Startup, Candidates: d.Sampler.Candidates,
			Gamma: d.Sampler.Gamma, MaxGood: d.Sampler.MaxGood, Points: d.Sampler.Points,
			Population: d.Sampler.Population, Objectives: len(d.Objective), Cost: d.Sampler.Cost, Known: d.WarmStart.known()},
		Scheduler: schedulers.Config{Type: d.Scheduler.Type, Eta: d.Scheduler.Eta, Grace: d.Epochs.Grace,
			Brackets: d.Scheduler.Brackets, Percentile: d.Scheduler.Percentile, Startup: d.Scheduler.Startup, Trials: b.Trials, Race: d.Folds.Race.config()},
		Budget:  Budget{b.Trials, b.Hours, b.GPUHours, string(b.Deadline)},
		Trainer: d.Trainer.spec(),
		Resources: trial.Resources{GPUs: *d.Resources.GPUs, Fraction: d.Resources.Fraction,
			MemoryBytes: int64(d.Resources.Memory), TimeoutSeconds: float64(d.Resources.Timeout)},
		Workers:  d.Workers,
		Priority: d.Priority,
		Share:    d.Share,
		Seed:     *d.Seed,
		space:    space,
		split:    trial.FoldPlan{K: d.Folds.K, Split: d.Folds.Split, Column: d.Folds.Column, Seed: *d.Seed},
		document: data,
		digest:   digest,
		doc:      d,
		source:   s,
	}
	for _, e := range d.Enqueue {
		out.Enqueue = append(out.Enqueue, e.params)
	}
	if t, ok := d.Trainer.body.(*builtinDoc); ok && t.Probe != nil {
		out.Probe = *t.Probe
	}
	_, builtin := d.Trainer.body.(*builtinDoc)
	out.Refit = builtin
	if d.Refit != nil {
		out.Refit = *d.Refit
	}
	if d.Confirm != nil {
		out.Confirm = Confirm(*d.Confirm)
	}
	return out, nil
}

// Space is the search space, typed parameters expanded.
func (s *Sweep) Space() search.Space {
	return search.Space{Parameters: slices.Clone(s.space.Parameters), Candidates: slices.Clone(s.space.Candidates),
		Constraints: slices.Clone(s.space.Constraints)}
}

// FoldPlan says how the folds are drawn.
func (s *Sweep) FoldPlan() trial.FoldPlan { return s.split }

// Document is the sweep as canonical JSON: defaults filled in, paths absolute, keys in a fixed order. Parse gives the same
// sweep back; no folder is needed for that.
func (s *Sweep) Document() json.RawMessage { return slices.Clone(s.document) }

// Digest is the SHA-256, in hex, of the document without the results of its warm start: those are read when the study is made,
// and the same sweep is the same study whatever its sources say later.
func (s *Sweep) Digest() string { return s.digest }

func (d *document) digest() (string, error) {
	bare := *d
	bare.WarmStart = d.WarmStart.bare()
	data, err := json.Marshal(&bare)
	if err != nil {
		return "", fmt.Errorf("write the document: %w", err)
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:]), nil
}

// Study is the study that the sweep starts.
func (s *Sweep) Study(id string, created time.Time) trial.Study {
	return trial.Study{ID: id, Name: s.Name, Document: s.Document(), Digest: s.Digest(), Seed: s.Seed, Objective: s.Objective, Others: slices.Clone(s.Others),
		Shape: s.Shape, Created: created.UTC()}
}

// At is where the value of a dotted path stands in the file (parameters.lr.low, enqueue[0].lr). For a path that is not there
// it is where the section stands that the path would belong to.
func (s *Sweep) At(path string) (line, column int) {
	at := s.source.at(path)
	return at.line, at.column
}

// Errorf makes an error at a path, for checks that come after the file has been read: a data file without its label column.
func (s *Sweep) Errorf(path, format string, args ...any) *Error {
	return s.source.errorf(path, format, args...)
}
