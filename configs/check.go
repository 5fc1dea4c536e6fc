package configs

import (
	"regexp"
	"slices"
	"strings"

	"automl/search"
	"automl/trial"
)

// checker holds a decoded document to the rules that need more than one value.
type checker struct {
	*source
	doc *document
}

// check records everything that is wrong with a document whose defaults have been filled in.
func (c *checker) check() {
	c.checkName()
	c.checkObjectives()
	c.checkLadder()
	c.checkRace()
	c.checkBudget()
	c.checkMethods()
	c.checkTrainer()
	c.checkResources()
}

var studyName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)*$`)

const maxName = 100

func (c *checker) checkName() {
	switch {
	case c.doc.Name == "":
		c.missingKey("name").withHint("give the study a name")
	case len(c.doc.Name) > maxName || !studyName.MatchString(c.doc.Name):
		c.wrong("name", "%q is no name for a study", shorten(c.doc.Name)).
			withHint("use up to 100 letters, digits, '_', '.' and '-', beginning with a letter or a digit; '/' may stand between such names")
	}
}

// missingKey records that a key is missing that other values make necessary.
func (c *checker) missingKey(path string) *Error { return c.wrong(path, "is missing") }

// checkLadder checks folds and epochs.
func (c *checker) checkLadder() {
	f, e := c.doc.Folds, c.doc.Epochs
	switch {
	case f.Split == trial.Group && f.Column == "" && !c.command():
		c.missingKey("folds.column").withHint("split: group needs the column that names the group of a row")
	case f.Split == trial.Fixed && f.Column == "" && !c.apart() && !c.command():
		c.missingKey("folds.column").withHint("split: fixed needs the column that names the fold of a row")
	case c.apart() && (f.Split != trial.Fixed || f.K != 1 || f.Column != ""):
		c.wrong("folds", "there is a validation file, which takes the place of folds").withHint("take folds out, or the validation file")
	case f.Split == trial.Plain && f.Column != "":
		c.wrongKey("folds.column", "split: plain looks at no column").withHint("use split: stratified or group, or take the column out")
	}
	if e.Grace > e.Max {
		c.wrong("epochs.grace", "grace %d is above the %d epochs of a fold", e.Grace, e.Max).withHint("give at most %d", e.Max)
	}
}

func (c *checker) checkBudget() {
	b := c.doc.budget()
	if c.doc.Budget != nil && b == (budgetDoc{}) {
		c.wrong("budget", "is empty").withHint("give at least one of trials, hours, gpu_hours and deadline")
	}
	if n := len(c.doc.Enqueue); b.Trials > 0 && n > b.Trials {
		c.wrong("enqueue", "%d configurations are to run first, but the budget is %d trials", n, b.Trials).
			withHint("raise budget.trials, or shorten the list")
	}
}

func (c *checker) checkTrainer() {
	switch t := c.doc.Trainer.body.(type) {
	case *builtinDoc:
		c.checkBuiltin(t)
	case *externalDoc:
		if c.doc.Refit != nil && *c.doc.Refit {
			c.wrong("refit", "an external trainer is not told to train on all rows").withHint("take it out, and train the winner with the parameters of automl best")
		}
	case *commandDoc:
		if t.Command[0] == "" {
			c.wrong("trainer.command[0]", "is empty").withHint("the first item is the program")
		}
		c.checkVariables(t.Env)
		c.checkResident(t)
	}
}

// command reports whether a command trains, which knows its rows itself.
func (c *checker) command() bool {
	_, yes := c.doc.Trainer.body.(*commandDoc)
	return yes
}

// checkPlaceholders refuses a placeholder of the trainer's command that no trial has a value for.
func (c *checker) checkPlaceholders(s search.Space) {
	t, ok := c.doc.Trainer.body.(*commandDoc)
	if !ok {
		return
	}
	var names, argv []string
	for _, p := range s.Parameters {
		names = append(names, p.Name)
	}
	for _, arg := range t.Command {
		argv = append(argv, string(arg))
	}
	for i, arg := range argv {
		path := index("trainer.command", i)
		if trial.IsProgram(argv, i) || arg == "${"+trial.CommandArgs+"}" {
			continue
		}
		for _, name := range trial.Placeholders(arg) {
			switch {
			case trial.KnownPlaceholder(name, names):
			case name == trial.CommandArgs:
				c.wrong(path, "${args} is several arguments, and %q is one", shorten(arg)).withHint("let it stand alone: [python, train.py, \"${args}\"]")
			default:
				e := c.wrong(path, "there is no parameter %q to put in", shorten(name)).withHint("write $${%s} for the text itself", shorten(name))
				if near, ok := nearest(name, slices.Concat(names, trial.CommandWords)); ok {
					e.withHint("did you mean ${%s}? Write $${%s} for the text itself", near, shorten(name))
				}
			}
		}
	}
}

// apart reports whether a trial is validated on a file of its own.
func (c *checker) apart() bool {
	b, ok := c.doc.Trainer.body.(*builtinDoc)
	return ok && b.Data.Valid != ""
}

var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// checkVariables refuses names that are none, and those a runner sets itself.
func (c *checker) checkVariables(env variables) {
	for name := range env {
		path := join("trainer.env", name)
		switch {
		case !variableName.MatchString(name):
			c.wrongKey(path, "%q is no name of an environment variable", shorten(name)).withHint("use letters, digits and '_'")
		case strings.HasPrefix(name, "AUTOML_"), name == "CUDA_VISIBLE_DEVICES":
			c.wrongKey(path, "the runner sets %s itself", name).withHint("take it out; resources say what a trial gets")
		}
	}
}

func (c *checker) checkResources() {
	r := c.doc.Resources
	if r.Fraction > 0 && r.Fraction < 1 && *r.GPUs != 1 {
		c.wrong("resources.fraction", "a fraction is of one GPU, but gpus is %d", *r.GPUs).withHint("gpus: 1, or no fraction")
	}
	if r.Fraction == 1 && *r.GPUs == 0 {
		c.wrong("resources.fraction", "a fraction is of one GPU, but gpus is 0").withHint("gpus: 1, or no fraction")
	}
}

// names of the parameters as they stand in the file.
func (c *checker) parameterNames() []string {
	out := make([]string, len(c.doc.Parameters))
	for i, p := range c.doc.Parameters {
		out[i] = p.name
	}
	return slices.Compact(out)
}
