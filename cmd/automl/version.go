package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the version of the source; a build from a commit adds the commit.
const release = "0.1.0"

func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return release + "+" + s.Value[:12]
		}
	}
	return release
}

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := map[string]string{"version": version(), "go": runtime.Version(), "platform": runtime.GOOS + "/" + runtime.GOARCH}
			text := fmt.Sprintf("automl %s (%s, %s)", v["version"], v["go"], v["platform"])
			rows := &table{head: []string{"version", "go", "platform"}}
			rows.add(v["version"], v["go"], v["platform"])
			return a.show(v, func() { fmt.Fprintln(a.out, text) }, rows)
		},
	}
}
