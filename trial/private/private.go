// Package private writes small files whole: secrets and what goes with them, that nobody else may read and that must never be found half
// written.
package private

import (
	"errors"
	"os"
	"path/filepath"

	"automl/trial"
)

// Write makes a file with this content appear at once and durably, readable for its owner alone, in the place of an older one. What
// goes wrong has code Storage; the older file is there unchanged then.
func Write(path string, data []byte) error { return WriteMode(path, data, 0o600) }

// WriteMode is Write for a file that others may read: a certificate, say.
func WriteMode(path string, data []byte, mode os.FileMode) error {
	return trial.Wrap(trial.Storage, write(path, data, mode), "write %s", path)
}

func write(path string, data []byte, mode os.FileMode) error {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, filepath.Base(path)+".*") // made with mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return sync(dir)
}

// sync makes the name durable that a file was given.
func sync(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
