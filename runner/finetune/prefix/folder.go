package prefix

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"automl/runner/disk"
)

const (
	version   = "v1" // of the layout: a folder of its own, so that versions never read each other's
	suffix    = ".seg"
	part      = ".part-*"
	abandoned = time.Hour // after which an unfinished file is nobody's
	spare     = 1 << 30   // bytes that stay free on the disk: checkpoints and the record matter more
)

// folder is the disk side of a store.
type folder struct {
	root   string // with the version
	cap    int64  // bytes of all segments
	now    func() time.Time
	free   func(dir string) (int64, error)             // bytes on the disk
	create func(dir, pattern string) (*os.File, error) // os.CreateTemp
	rename func(from, to string) error                 // os.Rename
}

func newFolder(dir string, limit int64, now func() time.Time) *folder {
	return &folder{root: filepath.Join(dir, version), cap: limit, now: now, free: disk.Free, create: os.CreateTemp, rename: os.Rename}
}

// file is a segment as the folder lists it.
type file struct {
	path string
	size int64
	used time.Time
}

func (f *folder) dir(prefix Key) string { return filepath.Join(f.root, prefix.String()) }

// segments are the paths of a prefix's segments, by name.
func (f *folder) segments(prefix Key) []string {
	paths, _ := filepath.Glob(filepath.Join(f.dir(prefix), "*"+suffix)) // the pattern is right
	return paths
}

// touch notes that a segment was used.
func (f *folder) touch(path string) {
	now := f.now()
	_ = os.Chtimes(path, now, now) // who may not write here reads all the same
}

// write adds a segment, in whole or not at all, and returns its path. Segments of other prefixes make room for it.
func (f *folder) write(prefix Key, slots []slot, values [][]float32) (path string, err error) {
	if err := os.MkdirAll(f.root, 0o755); err != nil {
		return "", err
	}
	unlock, err := f.lock()
	if err != nil {
		return "", err
	}
	defer unlock()
	dir := f.dir(prefix)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	path = filepath.Join(dir, nameOf(slots)+suffix)
	if _, err := os.Stat(path); err == nil {
		return path, nil // another process has computed the same
	}
	floats := 0
	for _, v := range values {
		floats += len(v)
	}
	head := index(prefix, slots, floats)
	if err := f.makeRoom(prefix, int64(len(head)+4*floats)); err != nil {
		return "", err
	}
	tmp, err := f.create(dir, part)
	if err != nil {
		return "", err
	}
	_, err = tmp.Write(head)
	for _, v := range values {
		if err != nil {
			break
		}
		_, err = tmp.Write(octets(v))
	}
	if err = errors.Join(err, tmp.Close()); err == nil {
		err = f.rename(tmp.Name(), path)
	}
	if err != nil {
		_ = os.Remove(tmp.Name()) // the first error tells
		return "", err
	}
	f.touch(path)
	return path, nil
}

// nameOf names a segment by the keys it holds, so that those who compute the same at once keep one of them.
func nameOf(slots []slot) string {
	h := sha256.New()
	for _, s := range slots {
		h.Write(s.key[:])
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:16])
}

// lock keeps others from writing.
func (f *folder) lock() (unlock func(), err error) {
	l, err := os.OpenFile(filepath.Join(f.root, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(l.Fd()), unix.LOCK_EX); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	return func() { _ = l.Close() }, nil // which unlocks it
}

// makeRoom removes segments of other prefixes, those not used for longest first, until so many bytes fit under the cap and on the
// disk.
func (f *folder) makeRoom(prefix Key, size int64) error {
	files, total, own := f.list(prefix)
	if own+size > f.cap {
		return fmt.Errorf("%d bytes for one prefix are more than the cap of %d", own+size, f.cap)
	}
	free, err := f.free(f.root)
	if err != nil {
		return err
	}
	for total+size > f.cap || free-size < spare {
		if len(files) == 0 {
			return fmt.Errorf("%d bytes are free on the disk, where %d are wanted besides those of the segment", free-size, spare)
		}
		if err := os.Remove(files[0].path); err != nil && !errors.Is(err, fs.ErrNotExist) { // somebody else may have
			return err
		}
		_ = os.Remove(filepath.Dir(files[0].path)) // where it was the last
		total, free = total-files[0].size, free+files[0].size
		files = files[1:]
	}
	return nil
}

// list is the segments of all prefixes but one, least recently used first, the bytes of all, and those of the one. What writers
// that died have left is removed.
func (f *folder) list(prefix Key) (files []file, total, own int64) {
	_ = filepath.WalkDir(f.root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // gone in between, or not ours to read
		}
		info, err := d.Info()
		if err != nil {
			return nil
		}
		switch {
		case strings.HasSuffix(path, suffix):
			total += info.Size()
			if filepath.Dir(path) == f.dir(prefix) {
				own += info.Size()
				return nil
			}
			files = append(files, file{path, info.Size(), info.ModTime()})
		case strings.HasPrefix(d.Name(), ".part-") && f.now().Sub(info.ModTime()) > abandoned:
			_ = os.Remove(path)
		}
		return nil
	})
	slices.SortFunc(files, func(a, b file) int { return cmp.Or(a.used.Compare(b.used), cmp.Compare(a.path, b.path)) })
	return files, total, own
}
