package driver

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"automl/runner/gpu/driver/drivertest"
)

// inside makes the test binary a process that the loader finds the library in, which it only looks for when a process starts.
const inside = "GPU_TEST_INSIDE"

func TestMain(m *testing.M) {
	if os.Getenv(inside) == "" {
		os.Exit(m.Run())
	}
	s, err := Open()
	if err != nil {
		fmt.Println("error:", err)
		return
	}
	for _, d := range s.Devices() {
		u, err := s.Use(d.ID)
		again, _ := s.Use(d.ID)
		fmt.Printf("%s %s %s %d: %.2f %d %v %v %v\n", d.ID, d.UUID, d.Name, d.Memory, u.Busy, u.Memory, u.Processes, again.Processes, err)
	}
	if _, err := s.Use("9"); err != nil {
		fmt.Println("error:", err)
	}
	if err := s.Close(); err != nil {
		fmt.Println("error:", err)
	}
}

// look is what a process sees with the library in its path.
func look(t *testing.T, dir, file string, more ...string) []string {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), append(more, inside+"=1", "LD_LIBRARY_PATH="+dir, "FAKE_NVML="+file)...)
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestDevices(t *testing.T) {
	dir, file := drivertest.Build(t)
	drivertest.Tell(t, file, "gpu GPU-a 8000 500 40", "process 11 300 20", "process 12 -1 60",
		"gpu GPU-b 16000 0 0", "mig MIG-b0 4000 100", "process 13 100 0", "mig MIG-b1 4000 0", "gpu GPU-c 8000 0 0")
	want := []string{
		"0 GPU-a Fake GPU 8000: 0.40 500 map[11:{300 0.2} 12:{-1 0.6}] map[11:{300 0.2} 12:{-1 0.6}] <nil>",
		"MIG-b0 MIG-b0 Fake MIG 1g 4000: NaN 100 map[13:{100 NaN}] map[13:{100 NaN}] <nil>",
		"MIG-b1 MIG-b1 Fake MIG 1g 4000: NaN 0 map[] map[] <nil>",
		"2 GPU-c Fake GPU 8000: 0.00 0 map[] map[] <nil>",
		"error: there is no GPU 9",
	}
	if got := look(t, dir, file); !slices.Equal(got, want) {
		t.Errorf("saw\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if got := look(t, dir, file, "FAKE_NVML_BROKEN=1"); !slices.Equal(got, []string{"error: start the NVIDIA management library: Driver Not Loaded"}) {
		t.Errorf("with a driver that does not answer it saw %q", got)
	}
	drivertest.Tell(t, file)
	if got := look(t, dir, file); !slices.Equal(got, []string{"error: there is no GPU 9"}) {
		t.Errorf("without GPUs it saw %q", got)
	}
	if got := look(t, t.TempDir(), file); len(got) != 1 || got[0] != "error: "+ErrNoDriver.Error() {
		if _, err := os.Stat("/dev/nvidiactl"); err != nil {
			t.Errorf("without a driver it saw %q", got)
		}
	}
}

func TestOpenHere(t *testing.T) {
	s, err := Open()
	if errors.Is(err, ErrNoDriver) {
		t.Skip("this machine has no NVIDIA driver")
	}
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, d := range s.Devices() {
		if u, err := s.Use(d.ID); err != nil || u.Memory > d.Memory || math.IsNaN(u.Busy) && !strings.HasPrefix(d.ID, "MIG") {
			t.Errorf("%+v: %+v, %v", d, u, err)
		}
	}
}
