package main

import (
	"errors"
	"net"
	"net/url"
	"strconv"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"automl/trial"
)

// flagFault says of a value that a flag does not take what would be right. Other errors of the command line are as they are.
func flagFault(err error) error {
	var bad *pflag.InvalidValueError
	if !errors.As(err, &bad) {
		return usage(err)
	}
	f := bad.GetFlag()
	if f.Value.Type() == "bool" {
		return trial.Errorf(trial.Invalid, "--%s=%s is neither true nor false", f.Name, bad.GetValue()).WithHint("--%s: %s", f.Name, f.Usage)
	}
	return trial.Errorf(trial.Invalid, "--%s %q is no %s", f.Name, bad.GetValue(), kindOf(f)).WithHint("--%s: %s", f.Name, f.Usage)
}

// kindOf is what a flag takes, for a person.
func kindOf(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int":
		return "whole number"
	case "float64":
		return "number"
	case "duration":
		return "duration such as 90s, 30m or 2h"
	}
	return f.Value.Type()
}

// explainArgs has all commands say how they are used when their arguments are wrong in number.
func explainArgs(root *cobra.Command) {
	for _, c := range root.Commands() {
		if check := c.Args; check != nil {
			c.Args = func(c *cobra.Command, args []string) error {
				if err := check(c, args); err != nil {
					return trial.Errorf(trial.Invalid, "%s %v", c.CommandPath(), err).WithHint("%s", c.UseLine())
				}
				return nil
			}
		}
	}
}

// checkListen checks an address to listen on.
func checkListen(flag, address string) (host string, err error) {
	host, port, err := net.SplitHostPort(address)
	if n, wrong := strconv.Atoi(port); err != nil || wrong != nil || n < 0 || n > 65535 {
		return "", trial.Errorf(trial.Invalid, "--%s %q is no address to listen on", flag, address).
			WithHint("HOST:PORT, such as 127.0.0.1:8080; port 0 is one that is free")
	}
	return host, nil
}

// checkServer checks the URL of a daemon.
func checkServer(address string) error {
	if u, err := url.Parse(address); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return trial.Errorf(trial.Invalid, "--server %q is no URL of a daemon", address).WithHint("such as http://127.0.0.1:8080: automl daemon logs its own")
	}
	return nil
}
