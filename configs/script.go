package configs

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"automl/trial"
)

// Description is what a training script says of itself when it is asked.
type Description struct {
	Sweep      json.RawMessage `json:"sweep"`      // keys of the sweep file, as an object
	Parameters json.RawMessage `json:"parameters"` // the search space, as the sweep file has it
	Split      trial.SplitKind `json:"split"`      // how it deals rows to folds; empty: it has not said
}

// Ask has the script that a trainer runs describe itself.
type Ask func(t trial.TrainerSpec) (Description, error)

// LoadScript is Load where the search space may come from the training script: path is a sweep file without parameters whose trainer
// is a command, or a Python script itself. What the file says goes before what the script says.
func LoadScript(path string, ask Ask) (*Sweep, error) {
	dir, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return nil, fmt.Errorf("find the folder of %s: %w", path, err)
	}
	s := &source{file: path, marks: map[string]mark{}}
	root, err := s.rootOf(path)
	if err != nil {
		return nil, err
	}
	if t, ok := undescribed(root, dir); ok {
		if err := s.describe(root, t, ask); err != nil {
			return nil, err
		}
	}
	sweep, err := s.build(root, nameOf(path), dir, true)
	if isScript(path) {
		for _, e := range ListErrors(err) {
			if e.Msg == missing && !strings.Contains(e.Key, ".") {
				e.withHint("say so in the script: automl.trial(objective={...}, epochs=10, ...); its keywords are the keys of a sweep file")
			}
		}
	}
	return sweep, err
}

// isScript reports whether a file is a Python script.
func isScript(file string) bool { return strings.EqualFold(filepath.Ext(file), ".py") }

// rootOf is the tree of a sweep file, or of the sweep that a script stands for.
func (s *source) rootOf(path string) (*node, error) {
	data, err := readFile(path)
	if err != nil {
		return nil, err
	}
	if isScript(path) {
		command := &node{kind: list, items: []*node{textNode("python3"), textNode(filepath.Base(path))}}
		trainer := &node{kind: mapping}
		trainer.put("type", textNode("command"))
		trainer.put("command", command)
		root := &node{kind: mapping}
		root.put("trainer", trainer)
		return root, nil
	}
	root, wrong := parse(s, data)
	if wrong == nil && root.kind != mapping && !isSweep(path) {
		wrong = s.syntax(root.at, "%s is no sweep", filepath.Base(path))
	}
	if wrong != nil {
		if !isSweep(path) {
			wrong.Hint = fmt.Sprintf("a sweep is YAML or JSON; what is no Python script stands in one, such as trainer: {type: command, command: [sh, %s, \"${args}\"]}", filepath.Base(path))
		}
		return nil, wrong
	}
	return root, nil
}

// isSweep reports whether a file has the name of a sweep.
func isSweep(file string) bool {
	return slices.Contains([]string{".yaml", ".yml", ".json"}, strings.ToLower(filepath.Ext(file)))
}

// undescribed is the trainer of a sweep without parameters that a script may describe. A trainer that is not right is left to the
// decoder.
func undescribed(root *node, dir string) (trial.TrainerSpec, bool) {
	if root.kind != mapping || root.get("parameters") != nil || root.get("trainer") == nil {
		return trial.TrainerSpec{}, false
	}
	d := &decoder{&source{marks: map[string]mark{}}}
	var t trainerDoc
	t.decode(d, "trainer", root.get("trainer"))
	body, ok := t.body.(*commandDoc)
	if !ok || len(d.errs) > 0 || len(body.Command) == 0 {
		return trial.TrainerSpec{}, false
	}
	if !filepath.IsAbs(body.Workdir) {
		body.Workdir = filepath.Join(dir, body.Workdir)
	}
	if info, err := os.Stat(body.Workdir); err != nil || !info.IsDir() {
		return trial.TrainerSpec{}, false
	}
	return t.spec(), true
}

// describe adds what the script says to what the file says. It stands where the trainer stands.
func (s *source) describe(root *node, t trial.TrainerSpec, ask Ask) error {
	said, err := ask(t)
	if err != nil {
		return err
	}
	sweep, err := s.said(said.Sweep)
	if err != nil {
		return err
	}
	for i, k := range sweep.keys {
		if root.get(k.name) == nil {
			root.put(k.name, sweep.items[i])
		}
	}
	if root.get("parameters") == nil {
		parameters, err := s.said(said.Parameters)
		if err != nil {
			return err
		}
		root.put("parameters", parameters)
	}
	if said.Split != "" {
		root.split(said.Split)
	}
	for i, k := range root.keys {
		if k.at == (place{}) {
			root.keys[i].at = root.get("trainer").at
			root.items[i].settle(root.get("trainer").at)
		}
	}
	return nil
}

// said reads an object that a script wrote; its nodes have no place yet.
func (s *source) said(data json.RawMessage) (*node, error) {
	n := &node{kind: mapping}
	if len(data) > 0 {
		if !json.Valid(data) {
			return nil, s.syntax(place{}, "the script describes itself with what is no JSON")
		}
		read, wrong := parseJSON(s, data)
		if wrong != nil {
			return nil, wrong
		}
		n = read
	}
	if n.kind != mapping {
		return nil, s.syntax(place{}, "the script describes itself with %s, not a section", n.describe())
	}
	n.settle(place{})
	return n, nil
}

// split says how the folds of a sweep are drawn, where it does not say so itself.
func (n *node) split(kind trial.SplitKind) {
	folds := n.get("folds")
	if folds == nil {
		folds = &node{kind: integer, raw: "1", value: int64(1)}
		n.put("folds", folds)
	}
	if folds.kind == integer {
		k := *folds
		*folds = node{kind: mapping, at: folds.at}
		folds.put("k", &k)
	}
	if folds.kind == mapping && folds.get("split") == nil {
		folds.put("split", textNode(string(kind)))
	}
}

func textNode(s string) *node { return &node{kind: text, raw: s, value: s} }

// put adds a key to a mapping.
func (n *node) put(name string, item *node) {
	n.keys = append(n.keys, key{name: name})
	n.items = append(n.items, item)
}

// settle gives a node, and all below it, a place.
func (n *node) settle(at place) {
	n.at = at
	for i, item := range n.items {
		if n.kind == mapping {
			n.keys[i].at = at
		}
		item.settle(at)
	}
}
