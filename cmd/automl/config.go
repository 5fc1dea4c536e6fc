package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"automl/configs"
	"automl/trial"
)

// configFlag is the flag of the configuration file, which no such file sets.
const configFlag = "config"

// pathFlags take a path, which in a file is relative to its folder.
var pathFlags = []string{"data-dir", "tls-cert", "tls-key", "tls-ca", "nats-creds", "nats-ca", "token-file", "ca-file"}

// configure sets what no flag of the command line sets: from the environment, AUTOML_ and the flag's name, then from a configuration file.
// Hidden flags are set by neither.
func configure(c *cobra.Command) error {
	var names []string
	open := map[string]*pflag.Flag{} // that are not set yet
	c.Flags().VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		if f.Name != configFlag {
			names = append(names, f.Name)
		}
		if !f.Changed {
			open[f.Name] = f
		}
	})
	var errs []error
	for _, name := range append(names, configFlag) {
		f := open[name]
		value, there := os.LookupEnv(variableOf(name))
		if f == nil || !there || value == "" {
			continue
		}
		delete(open, name)
		if err := c.Flags().Set(name, value); err != nil {
			errs = append(errs, trial.Errorf(trial.Invalid, "%s in the environment: %q is no %s", variableOf(name), value, kindOf(f)))
		}
	}
	file := c.Flags().Lookup(configFlag).Value.String()
	if err := errors.Join(errs...); err != nil || file == "" {
		return err
	}
	settings, err := configs.LoadSettings(file, names)
	if err != nil {
		return err
	}
	var wrong configs.Errors
	for _, s := range settings {
		if f := open[s.Flag]; f != nil {
			if e := set(f, s); e != nil {
				wrong = append(wrong, e)
			}
		}
	}
	if len(wrong) > 0 {
		return wrong
	}
	return nil
}

// variableOf is the variable of the environment for a flag.
func variableOf(flag string) string {
	return "AUTOML_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_"))
}

// set sets a flag to what a file says.
func set(f *pflag.Flag, s configs.Setting) *configs.Error {
	values := slices.Clone(s.Values)
	if slices.Contains(pathFlags, f.Name) {
		for i, v := range values {
			values[i] = s.Path(v)
		}
	}
	several, takesList := f.Value.(pflag.SliceValue)
	switch {
	case takesList && s.List:
		if err := several.Replace(values); err != nil {
			return s.Errorf("%v", err)
		}
	case s.List && f.Name == "nats": // URLs with commas between
		if err := f.Value.Set(strings.Join(values, ",")); err != nil {
			return s.Errorf("%v", err)
		}
	case s.List:
		return s.Errorf("is a list, and one value is taken")
	default:
		if err := f.Value.Set(values[0]); err != nil {
			e := s.Errorf("%q is no %s", values[0], kindOf(f))
			e.Hint = "--" + f.Name + ": " + f.Usage
			return e
		}
	}
	return nil
}

// addConfig adds the flag --config to a command, and has it obey.
func (a *app) addConfig(c *cobra.Command) {
	c.Flags().String(configFlag, "", "YAML file with these flags as fields, underscores for dashes; a flag goes before the environment (AUTOML_LISTEN for --listen), and that before the file")
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		if err := configure(c); err != nil {
			return err
		}
		a.dataDir = filepath.Clean(a.dataDir)
		return a.checkFlags()
	}
}
