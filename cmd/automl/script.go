package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"automl/configs"
	"automl/runner/process"
	"automl/runner/protocol"
	"automl/trial"
)

// describeLimit is how long a script may take to say its parameters: it loads its libraries, a model and the data.
const describeLimit = 10 * time.Minute

// describer has training scripts describe themselves. They run until their training would begin, in the environment of a trainer.
func (a *app) describer(ctx context.Context) configs.Ask {
	return func(t trial.TrainerSpec) (configs.Description, error) {
		fmt.Fprintf(a.err, "asking %s for its parameters\n", strings.Join(t.Command, " "))
		dir, err := os.MkdirTemp("", "automl-")
		if err != nil {
			return configs.Description{}, trial.Wrap(trial.Storage, err, "ask the script for its parameters")
		}
		defer os.RemoveAll(dir)
		return describe(ctx, t, filepath.Join(dir, "description.json"))
	}
}

func describe(ctx context.Context, t trial.TrainerSpec, file string) (said configs.Description, err error) {
	ctx, cancel := context.WithTimeout(ctx, describeLimit)
	defer cancel()
	env := visible(process.Environment(os.Environ(), nil, process.Machine{Threads: runtime.NumCPU()}, t.Env))
	path, err := program(t, env)
	if err != nil {
		return said, err
	}
	c := exec.CommandContext(ctx, path, trial.FillCommand(t.Command[1:], nil, nil)...)
	c.Args[0], c.Dir, c.Env = t.Command[0], t.Workdir, append(env, protocol.EnvDescribe+"="+file)
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	c.Cancel = func() error { return syscall.Kill(-c.Process.Pid, syscall.SIGKILL) }
	c.WaitDelay = time.Second
	printed, err := c.CombinedOutput()
	name := strings.Join(t.Command, " ")
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return said, trial.Errorf(trial.Invalid, "%s was asked for its parameters and had not said them after %v", name, describeLimit).WithHint("%s", describeHint)
	case ctx.Err() != nil:
		return said, errInterrupted
	case err != nil:
		return said, trial.Errorf(trial.Invalid, "%s was asked for its parameters and failed: %v\n%s", name, err, lastLines(string(printed), 15))
	}
	data, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return said, trial.Errorf(trial.Invalid, "%s was asked for its parameters and said none", name).WithHint("%s", describeHint)
	}
	if err == nil {
		err = json.Unmarshal(data, &said)
	}
	return said, trial.Wrap(trial.Invalid, err, "read what %s says of itself", name)
}

// program is the file that a trainer's command starts on this machine.
func program(t trial.TrainerSpec, env []string) (string, error) {
	path, err := process.LookPath(t.Command[0], env)
	if err == nil && !filepath.IsAbs(path) {
		path = filepath.Join(t.Workdir, path)
	}
	if err == nil {
		path, err = exec.LookPath(path) // that it is there, and may be executed
	}
	if err != nil {
		return "", trial.Errorf(trial.Invalid, "the trainer's program cannot be started: %v", err).
			WithHint("trainer.command begins with a program of this machine's PATH, or with the path of one, such as .venv/bin/python")
	}
	return path, nil
}

// visible leaves the GPUs as they are for this process: a script may put its model on one before it trains.
func visible(env []string) []string {
	const name = "CUDA_VISIBLE_DEVICES"
	env = slices.DeleteFunc(env, func(entry string) bool { return strings.HasPrefix(entry, name+"=") })
	if gpus, there := os.LookupEnv(name); there {
		env = append(env, name+"="+gpus)
	}
	return env
}

const describeHint = "give the sweep file parameters, or let the script suggest them: automl.trial().suggest_float(...), see docs/python.md"

// lastLines is the end of a text.
func lastLines(text string, most int) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-most):], "\n")
}
