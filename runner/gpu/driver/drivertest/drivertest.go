// Package drivertest makes a machine with NVIDIA GPUs out of one without, for tests: a shared library with the entry points of NVML,
// compiled against its header, which the binding loads as it would load the driver's. What it cannot show is how a real driver
// behaves.
package drivertest

import (
	_ "embed"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

//go:embed testdata/nvml.c
var source []byte

// Build compiles the library, and returns the folder that LD_LIBRARY_PATH has to name in a process that shall find it, and the file
// that FAKE_NVML has to name there: Tell writes it.
func Build(t testing.TB) (dir, file string) {
	t.Helper()
	header, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/NVIDIA/go-nvml").Output()
	if err != nil {
		t.Fatalf("find the header of NVML: %v", err)
	}
	dir = t.TempDir()
	file = filepath.Join(dir, "nvml.c")
	if err := os.WriteFile(file, source, 0o600); err != nil {
		t.Fatal(err)
	}
	c := exec.Command("cc", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I", filepath.Join(strings.TrimSpace(string(header)), "pkg", "nvml"),
		"-o", filepath.Join(dir, "libnvidia-ml.so.1"), file)
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("compile the library: %v\n%s", err, out)
	}
	return dir, filepath.Join(dir, "gpus")
}

// Tell says what GPUs there are, and what runs on them; see testdata/nvml.c. It replaces the file at once, also while it is read.
func Tell(t testing.TB, file string, lines ...string) {
	t.Helper()
	if err := os.WriteFile(file+".new", []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}
