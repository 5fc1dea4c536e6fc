package safetensors

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"sort"

	"automl/runner/finetune/pages"
)

const (
	// maxHeader bounds the JSON header: real ones hold some 100 bytes per
	// tensor, so 1 MiB is room for ten thousand tensors.
	maxHeader = 1 << 20
	// maxDims bounds the rank of a tensor.
	maxDims = 16
	// metadataKey is the one header key that is not a tensor.
	metadataKey = "__metadata__"
)

// File is a parsed safetensors file: its tensors sorted by name, and the
// header's free-form metadata (nil when it has none).
type File struct {
	Tensors  []Tensor
	Metadata map[string]string
}

// Find returns the named tensor, or nil when the file has none of that name.
func (f *File) Find(name string) *Tensor {
	i := sort.Search(len(f.Tensors), func(i int) bool { return f.Tensors[i].Name >= name })
	if i < len(f.Tensors) && f.Tensors[i].Name == name {
		return &f.Tensors[i]
	}
	return nil
}

// Read reads the file at path whole. Errors name the file, and the tensor
// where one is at fault.
func Read(path string) (*File, error) {
	fd, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	defer fd.Close()
	info, err := fd.Stat()
	if err != nil {
		return nil, fmt.Errorf("safetensors: %w", err)
	}
	f, err := Decode(fd, info.Size())
	if err != nil {
		return nil, fmt.Errorf("safetensors: %s: %w", path, err)
	}
	return f, nil
}

// Decode reads a file of size bytes from r.
func Decode(r io.ReaderAt, size int64) (*File, error) {
	header, err := readHeader(r, size)
	if err != nil {
		return nil, err
	}
	entries, meta, err := parseHeader(header)
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	base := 8 + int64(len(header))
	if err := checkRanges(entries, size-base); err != nil {
		return nil, err
	}
	f := &File{Metadata: meta}
	for _, e := range entries {
		t, err := e.read(r, base)
		if err != nil {
			return nil, err
		}
		f.Tensors = append(f.Tensors, t)
	}
	sort.Slice(f.Tensors, func(i, j int) bool { return f.Tensors[i].Name < f.Tensors[j].Name })
	return f, nil
}

// readHeader returns the JSON header's bytes after checking its length.
func readHeader(r io.ReaderAt, size int64) ([]byte, error) {
	if size < 8 {
		return nil, fmt.Errorf("file of %d bytes is too short for a header", size)
	}
	var prefix [8]byte
	if _, err := r.ReadAt(prefix[:], 0); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read header length: %w", err)
	}
	n := binary.LittleEndian.Uint64(prefix[:])
	if left := uint64(size - 8); n > left && n <= maxHeader {
		return nil, fmt.Errorf("header length %d exceeds the %d bytes that follow it: the file is cut off", n, left)
	}
	if limit := uint64(min(size-8, maxHeader)); n > limit {
		return nil, fmt.Errorf("header length %d exceeds the limit of %d bytes", n, limit)
	}
	header := make([]byte, n)
	if err := readFull(r, header, 8); err != nil {
		return nil, fmt.Errorf("read header: %w", err)
	}
	return header, nil
}

// entry is one tensor of the header.
type entry struct {
	name    string
	DType   DType    `json:"dtype"`
	Shape   []int64  `json:"shape"`
	Offsets [2]int64 `json:"data_offsets"`
}

// parseHeader decodes the header object key by key, so that a repeated name is
// an error and not a silent last-one-wins.
func parseHeader(header []byte) ([]entry, map[string]string, error) {
	dec := json.NewDecoder(bytes.NewReader(header))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return nil, nil, errors.New("is not a JSON object")
	}
	var entries []entry
	var meta map[string]string
	seen := map[string]bool{}
	for dec.More() {
		tok, err := dec.Token()
		if err != nil {
			return nil, nil, err
		}
		name, _ := tok.(string) // keys of an object are always strings
		if seen[name] {
			return nil, nil, fmt.Errorf("name %q appears twice", name)
		}
		seen[name] = true
		if name == metadataKey {
			if err := dec.Decode(&meta); err != nil {
				return nil, nil, fmt.Errorf("%s: %w", metadataKey, err)
			}
			continue
		}
		e := entry{name: name}
		if err := dec.Decode(&e); err != nil {
			return nil, nil, fmt.Errorf("tensor %q: %w", name, err)
		}
		entries = append(entries, e)
	}
	if _, err := dec.Token(); err != nil { // the closing brace
		return nil, nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("has text after the JSON object")
	}
	return entries, meta, nil
}

// bytes returns the number of bytes that type and shape call for.
func (e *entry) bytes() (int64, error) {
	n, ok := widths[e.DType]
	if !ok {
		return 0, fmt.Errorf("tensor %q: unknown type %q", e.name, e.DType)
	}
	if len(e.Shape) > maxDims {
		return 0, fmt.Errorf("tensor %q: %d dimensions, at most %d are supported", e.name, len(e.Shape), maxDims)
	}
	for _, d := range e.Shape {
		if d < 0 || (d > 0 && n > math.MaxInt64/d) {
			return 0, fmt.Errorf("tensor %q: impossible shape %v", e.name, e.Shape)
		}
		n *= d
	}
	return n, nil
}

// checkRanges demands that the byte ranges fit their shapes and tile the data
// section exactly: no gap, no overlap, nothing left over.
func checkRanges(entries []entry, total int64) error {
	sort.Slice(entries, func(i, j int) bool {
		a, b := entries[i], entries[j]
		if a.Offsets != b.Offsets { // empty tensors share their start with the next one
			return a.Offsets[0] < b.Offsets[0] || (a.Offsets[0] == b.Offsets[0] && a.Offsets[1] < b.Offsets[1])
		}
		return a.name < b.name
	})
	at := int64(0)
	for i := range entries {
		e := &entries[i]
		want, err := e.bytes()
		if err != nil {
			return err
		}
		start, end := e.Offsets[0], e.Offsets[1]
		if start != at || end < start || end > total {
			return fmt.Errorf("tensor %q: bytes %d to %d do not follow on byte %d within %d bytes of data", e.name, start, end, at, total)
		}
		if end-start != want {
			return fmt.Errorf("tensor %q: %s%v needs %d bytes, its range holds %d", e.name, e.DType, e.Shape, want, end-start)
		}
		at = end
	}
	if at != total {
		return fmt.Errorf("%d bytes of data belong to no tensor", total-at)
	}
	return nil
}

// read loads one tensor whose range has been checked.
func (e *entry) read(r io.ReaderAt, base int64) (Tensor, error) {
	t := Tensor{Name: e.name, DType: e.DType, Shape: make([]int, len(e.Shape))}
	for i, d := range e.Shape {
		t.Shape[i] = int(d)
	}
	if !e.DType.decoded() {
		return t, nil
	}
	n, at := e.Offsets[1]-e.Offsets[0], base+e.Offsets[0]
	var err error
	switch {
	case e.DType == U8:
		t.Bytes = make([]byte, n)
		err = readFull(r, t.Bytes, at)
	case e.DType == F32 && littleEndian: // straight into place: most weights are stored like this
		t.Data = pages.Huge(make([]float32, n/4))
		err = readFull(r, bytesOf(t.Data), at)
	default:
		err = t.widen(r, at, n)
	}
	if err != nil {
		return t, fmt.Errorf("tensor %q: %w", e.name, err)
	}
	return t, nil
}

// widen reads n bytes at an offset, a part at a time, so that they do not lie in memory beside their values.
func (t *Tensor) widen(r io.ReaderAt, at, n int64) error {
	t.room(n)
	part := make([]byte, min(n, 1<<16))
	for n > 0 {
		part = part[:min(n, int64(len(part)))]
		if err := readFull(r, part, at); err != nil {
			return err
		}
		t.append(part)
		at, n = at+int64(len(part)), n-int64(len(part))
	}
	return nil
}

// readFull fills buf from offset off, and reports a short read as an error.
func readFull(r io.ReaderAt, buf []byte, off int64) error {
	n, err := r.ReadAt(buf, off)
	if n == len(buf) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
