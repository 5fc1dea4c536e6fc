package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"automl/trial"
	"automl/web"
)

func (a *app) enqueueCmd() *cobra.Command {
	var file string
	c := &cobra.Command{
		Use:   "enqueue STUDY [NAME=VALUE ...]",
		Short: "Have a configuration tried before anything that is proposed",
		Long: `Have configurations tried before anything that is proposed. What they leave out is filled in; one that the study has
already is not tried again.

  automl enqueue banking77 lr=5e-5 batch_size=32     one configuration
  automl enqueue banking77 --file points.json        a JSON object, or a list of them; - is standard input`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			points, err := enqueuePoints(args[1:], file, c.InOrStdin())
			if err != nil {
				return usage(err)
			}
			d, err := a.client()
			if err != nil {
				return err
			}
			got, err := d.Enqueue(c.Context(), args[0], points)
			if err != nil {
				return err
			}
			rows := &table{head: []string{"trial", "new", "params"}}
			for _, e := range got {
				rows.add(e.Trial, e.New, e.Params)
			}
			return a.show(web.Queued{Trials: got}, func() {
				for _, e := range got {
					note := ""
					if !e.New {
						note = " (the study has it already)"
					}
					fmt.Fprintf(a.out, "trial %d: %s%s\n", e.Trial, e.Params, note)
				}
			}, rows)
		},
	}
	c.Flags().StringVarP(&file, "file", "f", "", "JSON file with the configurations; - is standard input")
	return c
}

// enqueuePoints reads the configurations from the arguments or from a file.
func enqueuePoints(args []string, file string, in io.Reader) (web.Points, error) {
	switch {
	case file != "" && len(args) > 0:
		return nil, fmt.Errorf("give a configuration as NAME=VALUE or with --file, not both")
	case file == "" && len(args) == 0:
		return nil, fmt.Errorf("give a configuration as NAME=VALUE, such as lr=5e-5, or with --file")
	case file == "":
		p, err := parsePoint(args)
		return web.Points{p}, err
	}
	data, err := io.ReadAll(in)
	if file != "-" {
		data, err = os.ReadFile(file)
	}
	if err != nil {
		return nil, err
	}
	var points web.Points
	if err := json.Unmarshal(data, &points); err != nil {
		return nil, fmt.Errorf("%s is neither a JSON object with a value for each parameter nor a list of them: %w", file, err)
	}
	return points, nil
}

// parsePoint reads NAME=VALUE. A value is a number or a boolean as JSON has them, else text.
func parsePoint(args []string) (trial.Params, error) {
	var p trial.Params
	for _, arg := range args {
		name, text, ok := strings.Cut(arg, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("%q is not NAME=VALUE, such as lr=5e-5", arg)
		}
		if _, twice := p.Get(name); twice {
			return nil, fmt.Errorf("%s is given twice", name)
		}
		var value any
		dec := json.NewDecoder(strings.NewReader(text))
		dec.UseNumber()
		if err := dec.Decode(&value); err != nil || dec.More() {
			value = text
		}
		value, err := trial.ParseValue(value)
		if err != nil {
			value = text
		}
		p = append(p, trial.Param{Name: name, Value: value})
	}
	return p, nil
}
