package prefix

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"golang.org/x/sys/unix"
)

// mapping is a segment in the memory of this process. It stays readable when somebody removes the file.
type mapping struct {
	path   string
	bytes  []byte
	slots  []slot
	values []float32
}

// open maps a segment.
func open(path string, prefix Key) (*mapping, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if info.Size() < 2*line {
		return nil, fmt.Errorf("%w: it has %d bytes", errDamaged, info.Size())
	}
	m := &mapping{path: path}
	if m.bytes, err = unix.Mmap(int(f.Fd()), 0, int(info.Size()), unix.PROT_READ, unix.MAP_SHARED); err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	fault := guarded(func() { m.slots, m.values, err = parse(m.bytes, prefix) })
	if fault != nil {
		err = fault
	}
	if err != nil {
		_ = m.close() // the first error tells
		return nil, err
	}
	return m, nil
}

// entry is that of a line of the index.
func (m *mapping) entry(l slot) Entry {
	return Entry{key: l.key, values: m.values[l.start : l.start+l.length], cost: l.cost, source: m, sum: l.sum}
}

func (m *mapping) close() error {
	b := m.bytes
	m.bytes, m.slots, m.values = nil, nil, nil
	return unix.Munmap(b)
}

// guarded reads mapped memory. Where the file under it was cut off, or the disk cannot read it, that is an error and not the end
// of the process.
func guarded(read func()) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch p := recover().(type) {
		case nil:
		case interface {
			runtime.Error
			Addr() uintptr
		}:
			err = fmt.Errorf("%w: it cannot be read", errDamaged)
		default:
			panic(p)
		}
	}()
	read()
	return nil
}
