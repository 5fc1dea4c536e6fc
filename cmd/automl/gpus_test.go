package main

import (
	"os"
	"slices"
	"strings"
	"testing"

	"automl/runner/gpu"
	"automl/trial"
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
