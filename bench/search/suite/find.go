package suite

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// Variable names the environment variable with the benchmark folder.
const Variable = "AUTOML_BENCH"

// ErrAbsent says that the benchmark folder is not there.
var ErrAbsent = errors.New("the public benchmarks are not here")

// Find returns the benchmark folder: dir if it is given, else what Variable names, else shared/bench in the working directory or
// above it. ErrAbsent when there is none.
func Find(dir string) (string, error) {
	if dir == "" {
		dir = os.Getenv(Variable)
	}
	if dir != "" {
		if !isBench(dir) {
			return "", fmt.Errorf("%w: %s has no folder taskset", ErrAbsent, dir)
		}
		return dir, nil
	}
	at, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if dir = filepath.Join(at, "shared", "bench"); isBench(dir) {
			return dir, nil
		}
		up := filepath.Dir(at)
		if up == at {
			return "", fmt.Errorf("%w: there is no shared/bench above the working directory; name the folder with -suites or %s",
				ErrAbsent, Variable)
		}
		at = up
	}
}

func isBench(dir string) bool {
	info, err := os.Stat(filepath.Join(dir, "taskset"))
	return err == nil && info.IsDir()
}

// source is a suite before it is loaded: the names of its tasks, and how each is made.
type source struct {
	public bool // its files lie in the benchmark folder
	names  func(dir string) ([]string, error)
	load   func(dir, name string) (*Task, error)
}

// sources is the registry: a new suite is a line here and in Names.
var sources = map[string]source{
	"taskset":       {true, files("taskset", ".json.gz", tasksetPrefix), loadTaskSet},
	"yahpo_lcbench": {true, lcbenchNames, loadLCBench},
	"tabular":       {true, files("tabular", ".csv.gz", ""), loadTabular},
	"tabular_mean":  {true, files("tabular", ".csv.gz", ""), loadTabularMean},
	"flat":          made(flat),
	"noise":         made(noise),
	"wide":          made(wide),
	"conditional":   made(conditional),
	"analytic":      made(branin, hartmann3, hartmann6),
}

// Names lists the suites, those with recorded results first.
//
//	flat         every configuration is worth the same: a search has to end well
//	noise        every value is drawn anew, whatever the configuration: only the number of epochs counts, so all searches that
//	             are not at fault score the same
//	wide         40 parameters, of which four matter
//	conditional  what is good depends on a choice, and each choice has parameters of its own
//	analytic     Branin's and Hartmann's functions, approached over the epochs at different speeds
func Names() []string {
	return []string{"taskset", "yahpo_lcbench", "tabular", "tabular_mean", "flat", "noise", "wide", "conditional", "analytic"}
}

// Public reports whether a suite needs the benchmark folder.
func Public(name string) bool { return sources[name].public }

// Load makes the tasks of a suite whose names pass keep, all of them when keep is nil. dir is the benchmark folder.
func Load(dir, name string, keep func(task string) bool) ([]*Task, error) {
	s, known := sources[name]
	if !known {
		return nil, fmt.Errorf("there is no suite %q; there are %s", name, strings.Join(Names(), ", "))
	}
	names, err := s.names(dir)
	if err != nil {
		return nil, err
	}
	if keep != nil {
		names = slices.DeleteFunc(names, func(n string) bool { return !keep(n) })
	}
	tasks, errs := make([]*Task, len(names)), make([]error, len(names))
	var group sync.WaitGroup
	for i, n := range names {
		group.Go(func() { tasks[i], errs[i] = s.load(dir, n) })
	}
	group.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("suite %s: %w", name, err)
	}
	return tasks, nil
}

// files names the tasks of a folder with one file each: the file's name without prefix and suffix, in the order of the names.
func files(folder, suffix, prefix string) func(dir string) ([]string, error) {
	return func(dir string) ([]string, error) {
		paths, err := filepath.Glob(filepath.Join(dir, folder, "*"+suffix))
		if err == nil && len(paths) == 0 {
			err = fmt.Errorf("%w: no *%s in %s", ErrAbsent, suffix, filepath.Join(dir, folder))
		}
		for i, p := range paths {
			paths[i] = strings.TrimPrefix(strings.TrimSuffix(filepath.Base(p), suffix), prefix)
		}
		return paths, err
	}
}
