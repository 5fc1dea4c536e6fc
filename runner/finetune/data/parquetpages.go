package data

import (
	"bufio"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go/encoding/thrift"
	"github.com/parquet-go/parquet-go/format"
)

// What a page of a Parquet file may be at most. Writers make pages of about a mebibyte.
const (
	maxPageBytes  = 1 << 27 // unpacked
	maxPageValues = 1 << 24
)

// checkPages walks over the headers of all pages and refuses sizes that cannot be: the library makes room for what a header says
// before it reads what is there.
func checkPages(f io.ReaderAt, size int64, groups []format.RowGroup) error {
	for g := range groups {
		for c := range groups[g].Columns {
			m := &groups[g].Columns[c].MetaData
			start := m.DataPageOffset
			if d := m.DictionaryPageOffset; d > 0 && d < start {
				start = d
			}
			if start < 0 || m.TotalCompressedSize < 0 || start > size || m.TotalCompressedSize > size-start {
				return fmt.Errorf("column %d of row group %d: %d bytes at %d, the file has %d", c, g, m.TotalCompressedSize, start, size)
			}
			if err := checkChunk(io.NewSectionReader(f, start, m.TotalCompressedSize)); err != nil {
				return fmt.Errorf("column %d of row group %d: %w", c, g, err)
			}
		}
	}
	return nil
}

// checkChunk checks the pages of a column in a row group, which follow one on another.
func checkChunk(chunk *io.SectionReader) error {
	var protocol thrift.CompactProtocol
	for at := int64(0); at < chunk.Size(); {
		in := &counter{Reader: io.NewSectionReader(chunk, at, chunk.Size()-at)}
		buffered := bufio.NewReaderSize(in, 512)
		var h format.PageHeader
		if err := thrift.NewDecoder(protocol.NewReader(buffered)).Decode(&h); err != nil {
			return fmt.Errorf("the page at byte %d: %w", at, err)
		}
		at += in.n - int64(buffered.Buffered())
		values := max(h.DataPageHeader.V.NumValues, h.DataPageHeaderV2.V.NumValues, h.DictionaryPageHeader.V.NumValues)
		switch left := chunk.Size() - at; {
		case h.CompressedPageSize < 0 || int64(h.CompressedPageSize) > left:
			return fmt.Errorf("a page of %d bytes where %d are left", h.CompressedPageSize, left)
		case h.UncompressedPageSize < 0 || h.UncompressedPageSize > maxPageBytes || values > maxPageValues:
			return fmt.Errorf("a page of %d values in %d bytes, at most %d in %d are read", values, h.UncompressedPageSize, maxPageValues, maxPageBytes)
		}
		at += int64(h.CompressedPageSize)
	}
	return nil
}

// counter counts what is read.
type counter struct {
	io.Reader
	n int64
}

func (c *counter) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.n += int64(n)
	return n, err
}
