package main

import (
	"github.com/spf13/cobra"

	"automl/configs"
)

func (a *app) schemaCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the sweep file, for editors",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			text, err := configs.Schema()
			if err != nil {
				return err
			}
			_, err = a.out.Write(append(text, '\n'))
			return err
		},
	}
}
