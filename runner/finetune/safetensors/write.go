package safetensors

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sort"
)

// Write writes the tensors and metadata (may be nil) to path, replacing what
// was there in one step: a crash leaves the old file or the new one. The
// tensors are not changed.
func Write(path string, tensors []Tensor, metadata map[string]string) (err error) {
	dir := filepath.Dir(path)
	fd, err := os.CreateTemp(dir, "."+filepath.Base(path)+".tmp-*")
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	defer func() {
		if err != nil {
			fd.Close()
			os.Remove(fd.Name())
		}
	}()
	if err := Encode(fd, tensors, metadata); err != nil {
		return err
	}
	if err := fd.Sync(); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if err := fd.Close(); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if err := os.Rename(fd.Name(), path); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return syncDir(dir)
}

// syncDir makes the rename itself durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("safetensors: sync %s: %w", dir, err)
	}
	return nil
}

// Encode writes the file's bytes to w. The same input gives the same bytes.
func Encode(w io.Writer, tensors []Tensor, metadata map[string]string) error {
	sorted, err := settled(tensors)
	if err != nil {
		return err
	}
	header, err := buildHeader(sorted, metadata)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var prefix [8]byte
	binary.LittleEndian.PutUint64(prefix[:], uint64(len(header)))
	out.Write(prefix[:]) // a bufio.Writer keeps its first error for Flush
	out.Write(header)
	for i := range sorted {
		out.Write(sorted[i].encode())
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	return nil
}

// settled returns the tensors checked and in file order: wide types first, so
// that every tensor starts at a multiple of its element size, then by name.
func settled(tensors []Tensor) ([]Tensor, error) {
	sorted := append([]Tensor(nil), tensors...)
	seen := make(map[string]bool, len(sorted))
	for i := range sorted {
		t := &sorted[i]
		if t.Name == metadataKey || seen[t.Name] {
			return nil, fmt.Errorf("safetensors: tensor name %q is reserved or used twice", t.Name)
		}
		seen[t.Name] = true
		if err := t.settle(); err != nil {
			return nil, err
		}
	}
	sort.Slice(sorted, func(i, j int) bool {
		a, b := &sorted[i], &sorted[j]
		if wa, wb := widths[a.DType], widths[b.DType]; wa != wb {
			return wa > wb
		}
		return a.Name < b.Name
	})
	return sorted, nil
}

// buildHeader returns the JSON header, padded with spaces to 8 bytes so that
// the data starts aligned.
func buildHeader(sorted []Tensor, metadata map[string]string) ([]byte, error) {
	header := make(map[string]any, len(sorted)+1) // encoding/json sorts the keys
	if len(metadata) > 0 {
		header[metadataKey] = metadata
	}
	at := int64(0)
	for i := range sorted {
		t := &sorted[i]
		end := at + int64(t.Len())*widths[t.DType]
		shape := t.Shape
		if shape == nil {
			shape = []int{} // a scalar's shape is [], never null
		}
		header[t.Name] = map[string]any{"dtype": t.DType, "shape": shape, "data_offsets": [2]int64{at, end}}
		at = end
	}
	text, err := json.Marshal(header)
	if err != nil {
		return nil, err
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	if len(text) > maxHeader {
		return nil, fmt.Errorf("header of %d bytes exceeds the limit of %d", len(text), maxHeader)
	}
	return text, nil
}
