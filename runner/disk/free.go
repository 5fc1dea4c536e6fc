// Package disk asks what is free on a disk.
package disk

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Free is how many bytes an ordinary user may still write on the disk of dir.
func Free(dir string) (int64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, fmt.Errorf("ask for the free space of %s: %w", dir, err)
	}
	return int64(s.Bavail) * int64(s.Bsize), nil
}
