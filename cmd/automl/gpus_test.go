package main

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"automl/runner/gpu"
	"automl/runner/gpu/driver/drivertest"
	"automl/trial"
	"automl/trial/view"
)

func TestChooseGPUs(t *testing.T) {
	m := machineGPUs{devices: []gpu.Device{{ID: "0", UUID: "GPU-aa"}, {ID: "1", UUID: "GPU-ab"}, {ID: "MIG-c", UUID: "MIG-c"}}}
	for _, tt := range []struct{ which, visible, want, hint string }{
		{"all", "-", "0 1 MIG-c", ""},
		{"none", "1", "", ""},
		{"all", "", "", ""},
		{"all", "1,GPU-aa,1,7,-1,0", "1 0 7", ""},
		{"1, 0", "-", "1 0", ""},
		{"GPU-ab", "0", "1", ""},
		{"0,0", "-", "--gpus names GPU 0 twice", ""},
		{"2", "-", `--gpus: there is no GPU "2" here`, "all, none, or some of 0,1,MIG-c"},
		{"GPU-a", "-", `--gpus: "GPU-a" is the beginning of 2 GPUs' names`, ""},
	} {
		if tt.visible == "-" {
			unset(t, "CUDA_VISIBLE_DEVICES")
		} else {
			t.Setenv("CUDA_VISIBLE_DEVICES", tt.visible)
		}
		f := gpuFlags{which: tt.which}
		got, err := f.choose(m)
		text := strings.Join(machineGPUs{devices: got}.ids(), " ")
		if err != nil {
			text = err.Error()
		}
		if text != tt.want || !strings.Contains(trial.HintOf(err), tt.hint) {
			t.Errorf("%+v: %s (%s)", tt, text, trial.HintOf(err))
		}
	}
	if _, err := (&gpuFlags{which: "0"}).choose(machineGPUs{}); err == nil || !strings.Contains(trial.HintOf(err), "no NVIDIA driver") {
		t.Errorf("on a machine without GPUs: %v (%s)", err, trial.HintOf(err))
	}
	if _, err := (&gpuFlags{which: "all", per: -1}).choose(m); err == nil {
		t.Error("-1 trials shared a GPU")
	}
}

// unset takes a variable out of the environment until the test ends.
func unset(t *testing.T, name string) {
	t.Setenv(name, "") // so that it is put back
	if err := os.Unsetenv(name); err != nil {
		t.Fatal(err)
	}
}

func TestTrialsOfAFraction(t *testing.T) {
	for _, tt := range []struct {
		per, gpus int
		fraction  float64
		want      int
	}{{0, 1, 1. / 3, 3}, {0, 1, 0.3, 3}, {0, 1, 1, 1}, {0, 0, 0, 0}, {2, 1, 0.25, 2}, {0, 2, 0, 0}} {
		f := gpuFlags{per: tt.per}
		if f.fit(trial.Resources{GPUs: tt.gpus, Fraction: tt.fraction}); f.per != tt.want {
			t.Errorf("%+v: %d", tt, f.per)
		}
	}
	if f := (gpuFlags{which: "0,1", per: 2}); !slices.Equal(f.args(), []string{"--gpus", "0,1", "--per-gpu", "2"}) {
		t.Errorf("the runner is told %q", f.args())
	}
}

// gpuTrainer sees which GPU it has, and takes long enough to be measured.
const gpuTrainer = `
[ "$CUDA_VISIBLE_DEVICES $AUTOML_GPU_SHARE $AUTOML_GPU_MEMORY" = "1 0.5 4000" ] || { echo "got $CUDA_VISIBLE_DEVICES $AUTOML_GPU_SHARE $AUTOML_GPU_MEMORY" >&2; exit 3; }
sleep 3
echo 'automl: {"epoch":1,"acc":0.5}'`

// TestSweepOnGPUs runs the program on a machine whose driver library tells of two GPUs, of which trials may use the second.
func TestSweepOnGPUs(t *testing.T) {
	lib, file := drivertest.Build(t)
	drivertest.Tell(t, file, "gpu GPU-a 8000 0 0", "gpu GPU-b 8000 700 40")
	t.Setenv("LD_LIBRARY_PATH", lib)
	t.Setenv("FAKE_NVML", file)
	unset(t, "CUDA_VISIBLE_DEVICES")
	s := newSite(t, "none", "epochs: 1\nbudget: {trials: 2}\nworkers: 2\nresources: {gpus: 1, fraction: 0.5}\n")
	text, err := os.ReadFile(s.sweep)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "trainer:") {
			lines[i] = fmt.Sprintf("trainer: {type: command, command: [/bin/sh, -c, %q]}", gpuTrainer)
		}
	}
	if err := os.WriteFile(s.sweep, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ok("run", s.sweep, "--gpus", "GPU-b", "--lab", "scale=0.25") // looks at a trainer every half a second
	for _, n := range []string{"0", "1"} {
		v := decodeJSON[view.Trial](t, s.ok("describe", "e2e", n, "-o", "json").out)
		if v.State != "COMPLETE" || v.Usage == nil || math.Abs(v.Usage.GPUBusy-0.4) > 1e-9 || v.Usage.GPUTrials < 1 || v.Usage.Memory == 0 {
			t.Errorf("trial %s is %s (%s), its usage %+v", n, v.State, v.Reason, v.Usage)
		}
	}
	if out := s.ok("describe", "e2e", "0").out; !strings.Contains(out, "GPU 40% busy with") {
		t.Errorf("described as %s", out)
	}
	s.rewrite("gpus: 1, fraction: 0.5", "gpus: 3")
	if r := s.run("run", s.sweep); r.code != 2 || !strings.Contains(r.err, "a trial needs 3 GPUs and there are 2 for trials here (GPU 0: Fake GPU, 0.0 GiB; GPU 1") {
		t.Errorf("a sweep that needs more GPUs: exit %d, %s", r.code, r.err)
	}
}
