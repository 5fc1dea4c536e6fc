package main

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed shim/shim.c
var shimSource []byte

// buildShim compiles what stands between SQLite and the disk. A C compiler is there where the program can be built.
func buildShim(dir string) (string, error) {
	source, lib := filepath.Join(dir, "shim.c"), filepath.Join(dir, "shim.so")
	if err := os.WriteFile(source, shimSource, 0o600); err != nil {
		return "", err
	}
	if out, err := exec.Command("cc", "-shared", "-fPIC", "-O1", "-o", lib, source, "-ldl").CombinedOutput(); err != nil {
		return "", fmt.Errorf("compile the shim: %w\n%s", err, out)
	}
	return lib, nil
}

// syncs is the environment in which a process meets a fault when SQLite makes something durable: see shim/shim.c.
func (w *world) syncs(plan string) []string {
	return []string{"LD_PRELOAD=" + filepath.Join(filepath.Dir(w.program), "shim.so"), "FAULT_SYNC=" + plan}
}
