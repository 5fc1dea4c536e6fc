package configs

import (
	"encoding/json"
	"regexp"

	"github.com/invopop/jsonschema"

	"automl/trial"
)

// residentDoc says whether trainers are forks of a process that stays: true, false, or options, which mean true.
type residentDoc struct {
	off     bool
	options residentOptions
}

type residentOptions struct {
	Import []literal `json:"import,omitempty" jsonschema_description:"Python modules to load. Default: those that the script imports at its top, but for those that lie in its folder."`
	Setup  string    `json:"setup,omitempty" jsonschema_description:"A function to call once, as module:function, which loads the base model, say. It gets no arguments."`
}

func (r *residentDoc) decode(d *decoder, path string, n *node) {
	r.off = d.switched(path, n, &r.options, "import, setup")
}

// MarshalJSON writes true or false, or the options where there are some.
func (r residentDoc) MarshalJSON() ([]byte, error) {
	if r.off || len(r.options.Import) == 0 && r.options.Setup == "" {
		return json.Marshal(!r.off)
	}
	return json.Marshal(r.options)
}

// JSONSchema is a boolean or the options.
func (residentDoc) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{AnyOf: []*jsonschema.Schema{{Type: "boolean"}, section(&residentOptions{})}}
}

// spec is what a resident process has loaded; nil: there is none.
func (r *residentDoc) spec() *trial.ResidentSpec {
	if r == nil || r.off {
		return nil
	}
	out := &trial.ResidentSpec{Setup: r.options.Setup}
	for _, name := range r.options.Import {
		out.Import = append(out.Import, string(name))
	}
	return out
}

var (
	moduleName = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*$`)
	setupName  = regexp.MustCompile(`^[\pL_][\pL\pN_]*(\.[\pL_][\pL\pN_]*)*:[\pL_][\pL\pN_]*$`)
)

// checkResident checks that a resident process could stand for the command.
func (c *checker) checkResident(t *commandDoc) {
	spec := t.Resident.spec()
	if spec == nil {
		return
	}
	var argv []string
	for _, arg := range t.Command {
		argv = append(argv, string(arg))
	}
	python, script, _, err := trial.SplitPython(argv)
	if err != nil {
		c.wrong("trainer.resident", "the command cannot have a resident process: %v", err).withHint("command: [python3, train.py], or take resident out")
	}
	for i, arg := range append(python[:len(python):len(python)], script...) {
		if len(trial.Placeholders(arg)) > 0 {
			c.wrong(index("trainer.command", i), "the command of a resident process is the same in all trials up to the script's arguments, and %q is not", shorten(arg)).
				withHint("put placeholders behind the script, or take resident out")
		}
	}
	for i, name := range spec.Import {
		if !moduleName.MatchString(name) {
			c.wrong(index("trainer.resident.import", i), "%q is no name of a Python module", shorten(name)).withHint("as after the word import: torch, or package.module")
		}
	}
	if spec.Setup != "" && !setupName.MatchString(spec.Setup) {
		c.wrong("trainer.resident.setup", "%q names no function", shorten(spec.Setup)).
			withHint("module:function, as warm:load for the function load of warm.py beside the script")
	}
}
