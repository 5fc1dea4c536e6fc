package configs

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"automl/trial"
)

// said is what a script says of itself.
var said = Description{
	Sweep:      json.RawMessage(`{"objective": {"metric": "acc", "goal": "maximize"}, "epochs": 4, "folds": 3, "name": "said"}`),
	Parameters: json.RawMessage(`{"lr": {"type": "float", "low": 1e-05, "high": 0.1, "log": true}, "batch": {"type": "int", "low": 1, "high": 8}}`),
	Split:      trial.Group,
}

// loadScript writes a file and loads it with a script that says d.
func loadScript(t *testing.T, name, text string, d Description) (*Sweep, []trial.TrainerSpec, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var asked []trial.TrainerSpec
	s, err := LoadScript(path, func(spec trial.TrainerSpec) (Description, error) {
		asked = append(asked, spec)
		return d, nil
	})
	return s, asked, err
}

func TestScriptStandsForASweep(t *testing.T) {
	s, asked, err := loadScript(t, "train.py", "import automl", said)
	if err != nil {
		t.Fatal(err)
	}
	if len(asked) != 1 || !slices.Equal(asked[0].Command, []string{"python3", "train.py"}) || !filepath.IsAbs(asked[0].Workdir) {
		t.Errorf("asked %+v", asked)
	}
	if s.Name != "said" || s.Shape != (trial.Shape{Folds: 3, Epochs: 4}) || s.FoldPlan().Split != trial.Group {
		t.Errorf("made %s, %+v, %+v", s.Name, s.Shape, s.FoldPlan())
	}
	var names []string
	for _, p := range s.Space().Parameters {
		names = append(names, p.Name)
	}
	if !slices.Equal(names, []string{"lr", "batch"}) { // in the script's order
		t.Errorf("parameters %v", names)
	}
	if _, err := Parse("stored", s.Document(), ""); err != nil {
		t.Errorf("its document: %v", err)
	}
}

func TestSweepFileGoesBeforeItsScript(t *testing.T) {
	s, asked, err := loadScript(t, "mine.yaml", `
objective: {metric: loss, goal: minimize}
folds: {k: 2, split: plain}
trainer: {type: command, command: [sh, run.sh], env: {A: b}}
`, said)
	if err != nil {
		t.Fatal(err)
	}
	if asked[0].Env["A"] != "b" || s.Objective.Metric != "loss" || s.Shape != (trial.Shape{Folds: 2, Epochs: 4}) || s.FoldPlan().Split != trial.Plain {
		t.Errorf("asked %+v, made %+v, %+v, %+v", asked, s.Objective, s.Shape, s.FoldPlan())
	}
	s, _, err = loadScript(t, "mine.yaml", "folds: 5\ntrainer: {type: command, command: [sh, run.sh]}\n", said)
	if err != nil || s.FoldPlan().K != 5 || s.FoldPlan().Split != trial.Group {
		t.Errorf("made %+v: %v", s.FoldPlan(), err)
	}
}

func TestNobodyIsAskedWhereParametersAreThere(t *testing.T) {
	for _, text := range []string{
		"objective: {metric: a, goal: minimize}\nepochs: 1\nparameters: {lr: 1}\ntrainer: {type: command, command: [sh, run.sh]}\n",
		"objective: {metric: a, goal: minimize}\nepochs: 1\ntrainer: {type: external}\n",
		"objective: {metric: a, goal: minimize}\nepochs: 1\ntrainer: {type: command, command: []}\n",
		"trainer: {type: command, command: [sh], workdir: nowhere}\n",
		"just text",
	} {
		if _, asked, _ := loadScript(t, "mine.yaml", text, said); len(asked) > 0 {
			t.Errorf("asked %+v for\n%s", asked, text)
		}
	}
}

func TestWhatAScriptSaysIsChecked(t *testing.T) {
	for _, c := range []struct {
		d    Description
		want string
	}{
		{Description{Parameters: said.Parameters}, "objective: is missing\n  hint: say so in the script"},
		{Description{Sweep: said.Sweep}, "parameters: there are no parameters"},
		{Description{Sweep: said.Sweep, Parameters: json.RawMessage(`{"lr": {"type": "float", "low": 2, "high": 1}}`)}, "parameters.lr"},
		{Description{Sweep: json.RawMessage(`{"epoch": 3}`), Parameters: said.Parameters}, "epoch: unknown key"},
		{Description{Sweep: json.RawMessage(`{`), Parameters: said.Parameters}, "no JSON"},
		{Description{Sweep: json.RawMessage(`[]`), Parameters: said.Parameters}, "a list, not a section"},
	} {
		_, _, err := loadScript(t, "train.py", "", c.d)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "train.py") {
			t.Errorf("%s, %s: %v; want %q", c.d.Sweep, c.d.Parameters, err, c.want)
		}
		var code *trial.Error
		if !errors.As(err, &code) || code.Code != trial.Invalid {
			t.Errorf("%v is not of code invalid", err)
		}
	}
}

func TestPlaceholdersOfACommand(t *testing.T) {
	for _, c := range []struct{ command, want string }{
		{`[t, "${lr}", "--at=${fold}", "${args}", sh, -c, "echo ${HOME}", "$${HOME}"]`, ""},
		{`[t, "${lrr}"]`, `trainer.command[1]: there is no parameter "lrr" to put in` + "\n  hint: did you mean ${lr}?"},
		{`[t, "--${args}"]`, "${args} is several arguments"},
	} {
		_, err := Parse("x.yaml", []byte("objective: {metric: a, goal: minimize}\nepochs: 1\nparameters: {lr: {type: float, low: 0, high: 1}}\n"+
			"trainer: {type: command, command: "+c.command+"}\n"), t.TempDir())
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: %v", c.command, err)
		}
	}
}

func TestShellScriptIsNoSweep(t *testing.T) {
	for _, text := range []string{"echo hi\n", "lr=$1\necho \"automl: {\\\"epoch\\\": 1}\"\n", "#!/bin/sh\n\tset -e\n"} {
		file := filepath.Join(t.TempDir(), "train.sh")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := LoadScript(file, nil)
		if err == nil || !strings.Contains(err.Error(), "command: [sh, train.sh,") {
			t.Errorf("%q: %v", text, err)
		}
	}
}
