package storetest

import (
	"testing"

	"golang.org/x/sys/unix"
)

// SmallDisk is a folder on a disk of its own, of a size such as 5m. The test is skipped where it may not mount one.
func SmallDisk(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skip("needs the right to mount a small disk: ", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}
