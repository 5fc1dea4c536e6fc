package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"automl/runner/gpu"
	"automl/runner/gpu/driver"
	"automl/trial"
)

// gpuFlags say which GPUs trials may use, and how many trials one.
type gpuFlags struct {
	which string
	per   int
}

func (f *gpuFlags) register(c *cobra.Command) {
	c.Flags().StringVar(&f.which, "gpus", "all", "GPUs that trials may use: all (that CUDA_VISIBLE_DEVICES names, where it is set), none, or some such as 0,1")
	c.Flags().IntVar(&f.per, "per-gpu", 0, "trials that share a GPU; default: 1, of automl run as many as the sweep's resources.fraction has room for")
}

// args are the flags for another command.
func (f *gpuFlags) args() []string {
	return []string{"--gpus", f.which, "--per-gpu", strconv.Itoa(f.per)}
}

// fit has as many trials share a GPU as the sweep says, where the command line does not.
func (f *gpuFlags) fit(r trial.Resources) {
	if f.per == 0 && r.GPUs == 1 && r.Fraction > 0 {
		f.per = int(1/r.Fraction + 1e-9)
	}
}

// machineGPUs is what this machine has. driver is nil where there is none that tells.
type machineGPUs struct {
	devices []gpu.Device
	driver  *driver.System
	trouble error // of a driver that is there and does not work
}

// findGPUs asks the driver; without one it goes by the device nodes, of which it knows nothing but the number.
func findGPUs() machineGPUs {
	s, err := driver.Open()
	if err == nil {
		return machineGPUs{devices: s.Devices(), driver: s}
	}
	var m machineGPUs
	if !errors.Is(err, driver.ErrNoDriver) {
		m.trouble = err
	}
	nodes, _ := filepath.Glob("/dev/nvidia[0-9]*")
	for _, n := range nodes {
		m.devices = append(m.devices, gpu.Device{ID: strings.TrimPrefix(n, "/dev/nvidia")})
	}
	slices.SortFunc(m.devices, func(a, b gpu.Device) int { return len(a.ID) - len(b.ID) + strings.Compare(a.ID, b.ID) })
	return m
}

func (m machineGPUs) close() {
	if m.driver != nil {
		_ = m.driver.Close() // the process ends
	}
}

// tell logs what trials may use.
func (m machineGPUs) tell(gpus []gpu.Device, log zerolog.Logger) {
	for _, d := range gpus {
		log.Info().Str("gpu", d.ID).Str("uuid", d.UUID).Str("model", d.Name).Int64("bytes", d.Memory).Msg("trials may use a GPU")
	}
	if m.trouble != nil {
		log.Warn().Err(m.trouble).Msg("nothing is known of the GPUs but their numbers")
	}
}

// choose is the GPUs of the machine that trials may use.
func (f *gpuFlags) choose(m machineGPUs) ([]gpu.Device, error) {
	if f.per < 0 {
		return nil, trial.Errorf(trial.Invalid, "--per-gpu %d", f.per).WithHint("1 or more")
	}
	visible, limited := os.LookupEnv("CUDA_VISIBLE_DEVICES")
	switch {
	case f.which == "none":
		return nil, nil
	case f.which == "all" && !limited:
		return m.devices, nil
	case f.which == "all":
		return named(visible, m, false)
	}
	return named(f.which, m, true)
}

// named finds GPUs by what CUDA_VISIBLE_DEVICES would call them: numbers, or UUIDs as far as they are unambiguous. Where strict is not
// set it believes what it cannot check, and like CUDA it ends the list at what cannot be one (-1).
func named(list string, m machineGPUs, strict bool) ([]gpu.Device, error) {
	var out []gpu.Device
	for name := range strings.SplitSeq(list, ",") {
		name = strings.TrimSpace(name)
		d, err := m.find(name)
		switch {
		case err == nil:
		case strict:
			return nil, err
		case name == "" || name == "-1":
			return out, nil
		default:
			d = gpu.Device{ID: name}
		}
		if slices.ContainsFunc(out, func(have gpu.Device) bool { return have.ID == d.ID }) {
			if strict {
				return nil, trial.Errorf(trial.Invalid, "--gpus names GPU %s twice", name)
			}
			continue
		}
		out = append(out, d)
	}
	return out, nil
}

func (m machineGPUs) find(name string) (gpu.Device, error) {
	var found []gpu.Device
	for _, d := range m.devices {
		if d.ID == name {
			return d, nil
		}
		if strings.Contains(name, "-") && strings.HasPrefix(d.UUID, name) {
			found = append(found, d)
		}
	}
	if len(found) == 1 {
		return found[0], nil
	}
	e := trial.Errorf(trial.Invalid, "--gpus: there is no GPU %q here", name)
	if len(found) > 1 {
		e = trial.Errorf(trial.Invalid, "--gpus: %q is the beginning of %d GPUs' names", name, len(found))
	}
	if len(m.devices) == 0 {
		return gpu.Device{}, e.WithHint("this machine has none (%s)", m.text())
	}
	return gpu.Device{}, e.WithHint("all, none, or some of %s", strings.Join(m.ids(), ","))
}

func (m machineGPUs) ids() []string {
	out := make([]string, len(m.devices))
	for i, d := range m.devices {
		out[i] = d.ID
	}
	return out
}

// text is what is known of the GPUs, for a person.
func (m machineGPUs) text() string {
	var all []string
	for _, d := range m.devices {
		if d.Name == "" {
			all = append(all, "GPU "+d.ID)
			continue
		}
		all = append(all, fmt.Sprintf("GPU %s: %s, %.1f GiB", d.ID, d.Name, float64(d.Memory)/(1<<30)))
	}
	switch {
	case m.trouble != nil:
		all = append(all, m.trouble.Error())
	case len(all) == 0:
		return driver.ErrNoDriver.Error()
	}
	return strings.Join(all, "; ")
}
