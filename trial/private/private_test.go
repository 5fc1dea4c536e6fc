package private

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"automl/trial"
)

func TestWrite(t *testing.T) {
	defer syscall.Umask(syscall.Umask(0)) // the mode is ours, whatever the user's mask
	dir := t.TempDir()
	path := filepath.Join(dir, "secret")
	if err := os.WriteFile(path, []byte("an older and longer one"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := Write(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text {
			t.Errorf("read %q, %v", got, err)
		}
	}
	if err := WriteMode(filepath.Join(dir, "ca.pem"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{"secret": 0o600, "ca.pem": 0o644} {
		if i, err := os.Stat(filepath.Join(dir, name)); err != nil || i.Mode().Perm() != want {
			t.Errorf("%s: mode %v, %v", name, i.Mode(), err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 2 {
		t.Errorf("it left %v", left)
	}
}

func TestWriteFails(t *testing.T) {
	dir := t.TempDir()
	if err := os.MkdirAll(filepath.Join(dir, "full/x"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"none/secret", "full"} { // a folder that is not there; a folder in its place
		if err := Write(filepath.Join(dir, path), []byte("x")); trial.CodeOf(err) != trial.Storage {
			t.Errorf("%s: %v", path, err)
		}
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("it left %v", left)
	}
}
