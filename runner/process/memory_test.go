package process

import (
	"math"
	"os"
	"path/filepath"
	"testing"
)

func TestFreeMemory(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"meminfo":                        "MemTotal:       2000 kB\nMemAvailable:    1000 kB\n",
		"user/memory.max":                "900000\n",
		"user/memory.current":            "500000\n",
		"user/memory.stat":               "anon 1\ninactive_file 100000\n",
		"user/a/memory.max":              "max\n",
		"user/a/memory.events":           "oom_kill 0\n",
		"user/full/memory.max":           "100\n",
		"user/full/memory.current":       "200\n",
		"user/full/memory.events":        "oom_kill 0\n",
		"memory/b/memory.oom_control":    "oom_kill 0\n",
		"memory/b/memory.limit_in_bytes": "7000\n",
		"memory/b/memory.usage_in_bytes": "3000\n",
		"memory/b/memory.stat":           "total_inactive_file 500\n",
		"unlimited/memory.events":        "oom_kill 0\n",
	} {
		file := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for listing, want := range map[string]int64{
		"0::/user/a\n": 500000, "0::/user/full\n": 0, "4:memory:/b\n0::/\n": 4500, "0::/unlimited\n": math.MaxInt64, "": math.MaxInt64,
	} {
		if got := freeOfGroups(root, listing); got != want {
			t.Errorf("%q: %d bytes are free, want %d", listing, got, want)
		}
	}
	if got := freeOfMachine(filepath.Join(root, "meminfo")); got != 1000<<10 {
		t.Errorf("%d bytes are free", got)
	}
	if got := freeOfMachine(filepath.Join(root, "nothing")); got != math.MaxInt64 {
		t.Errorf("nothing known, but %d bytes free", got)
	}
	if got := Memory(1 << 20); got > 1<<20 {
		t.Errorf("%d bytes of at most a mebibyte", got)
	}
}
