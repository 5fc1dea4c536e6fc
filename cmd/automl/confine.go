package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"automl/runner"
	"automl/trial"
)

// confineFlags say what trainers are held to, and what they see of the runner.
type confineFlags struct {
	pin       bool
	processes int
	pass      []string
}

func (f *confineFlags) register(c *cobra.Command) {
	c.Flags().BoolVar(&f.pin, "pin", false, "pin the trainers of each slot to processor cores of its own; not with several runners on a machine, which would take the same ones")
	c.Flags().IntVar(&f.processes, "max-processes", 4096, "most processes and threads of a trainer; 0: any number")
	c.Flags().StringSliceVar(&f.pass, "pass-env", nil, "variables of the runner's environment that trainers see, besides those that find programs, libraries, caches and devices")
}

// args are the flags for another command.
func (f *confineFlags) args() []string {
	out := []string{"--max-processes", strconv.Itoa(f.processes), "--pin=" + strconv.FormatBool(f.pin)}
	for _, name := range f.pass {
		out = append(out, "--pass-env", name)
	}
	return out
}

// check finds out whether they can hold.
func (f *confineFlags) check() error {
	if f.processes < 0 {
		return trial.Errorf(trial.Invalid, "--max-processes %d", f.processes).WithHint("a number of processes, or 0 for any")
	}
	return nil
}

// apply puts them into the configuration of a runner.
func (f *confineFlags) apply(c runner.Config) runner.Config {
	c.Pin, c.PassEnv, c.Tasks = f.pin, f.pass, f.processes
	if f.processes == 0 {
		c.Tasks = -1
	}
	return c
}
