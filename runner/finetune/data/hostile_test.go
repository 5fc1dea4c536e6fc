package data

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"

	"automl/runner/finetune/memtest"
)

// However a text file is made, reading it allocates in proportion to its size: what a cell of one character takes as a Go string, and
// the garbage of decoders. Nothing in such a file says how large anything is.
func TestMemoryIsBoundedByTheFile(t *testing.T) {
	const n = 1 << 17
	for name, c := range map[string]struct {
		file, text string
		times      float64
	}{
		"long text":         {"r.csv", "text,label\n" + strings.Repeat(strings.Repeat("word ", 2000)+",x\n", 12), 2},
		"short rows":        {"r.csv", "a,b\n" + strings.Repeat("1,2\n", n/4), 100},
		"no end of a quote": {"r.csv", "a,b\n1,\"" + strings.Repeat("x,\n", n/3), 8},
		"many columns":      {"r.csv", strings.Repeat("a,", n/2) + "b\n", 150},
		"empty lines":       {"r.csv", "a,b\n" + strings.Repeat("\n", n), 3},
		"one long line":     {"r.jsonl", `{"a": "` + strings.Repeat("x", n) + `"}`, 30},
		"deep":              {"r.jsonl", `{"a": ` + strings.Repeat("[", n), 20},
		"many keys":         {"r.jsonl", "{" + keys(n/16) + `"z": 1}`, 120},
		"many lists":        {"r.jsonl", `{"a": [` + strings.Repeat("1,", n/2) + "1]}", 220},
		"short objects":     {"r.jsonl", strings.Repeat("{\"a\":1}\n", n/8), 450},
	} {
		t.Run(name, func(t *testing.T) {
			file := written(t, c.file, c.text)
			var err error
			got := memtest.Allocated(func() { _, _, _, err = all(t, file) })
			if float64(got) > c.times*float64(len(c.text))+200_000 {
				t.Errorf("%d bytes allocated for a file of %d, %.1f times as many; error: %.200v", got, len(c.text), float64(got)/float64(len(c.text)), err)
			}
		})
	}
}

// keys are so many different keys of a JSON object.
func keys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%08d": 1, `, i)
	}
	return b.String()
}

// A Parquet file says how large its pages are. What it says is not believed.
func TestParquetPagesThatCannotBe(t *testing.T) {
	var b bytes.Buffer
	w := parquet.NewGenericWriter[struct {
		A string `parquet:"a,plain"`
	}](&b, parquet.DataPageVersion(1))
	if _, err := w.Write(make([]struct {
		A string `parquet:"a,plain"`
	}, 3)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	raw := b.Bytes()
	// The first page follows on the magic number: type 0, its size unpacked and packed, each a number of one byte here.
	if raw[4] != 0x15 || raw[6] != 0x15 || raw[8] != 0x15 {
		t.Fatalf("the page begins with % x", raw[4:10])
	}
	size := uint64(raw[7] / 2)
	end := bytes.IndexByte(raw[10:], 0) + 10 // of the page's header
	end += int(size) + 1
	with := func(unpacked, packed uint64) string {
		out := append(append([]byte(nil), raw[:6]...), 0x15)
		out = append(binary.AppendUvarint(out, 2*unpacked), 0x15)
		out = binary.AppendUvarint(out, 2*packed)
		out = append(out, raw[10:end-(len(out)-10)]...) // as many bytes less of the page: what follows stays where it was
		return string(append(out, raw[end:]...))
	}
	for name, c := range map[string]struct {
		text, want string
	}{
		"as it is":       {with(size, size), ""},
		"packed":         {with(size, 1<<30), "a page of 1073741824 bytes where"},
		"unpacked":       {with(1<<30, size-4), "at most 16777216 in 134217728 are read"},
		"both":           {with(1<<30, 1<<30), "a page of 1073741824 bytes where"},
		"packed, 2^31-1": {with(size, 1<<31-1), "a page of 2147483647 bytes where"},
	} {
		t.Run(name, func(t *testing.T) {
			file := written(t, "r.parquet", c.text)
			var err error
			got := memtest.Allocated(func() { _, _, _, err = all(t, file) })
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
				t.Errorf("error %v, want %q", err, c.want)
			}
			if got > 1<<20 {
				t.Errorf("%d bytes allocated for a file of %d", got, len(c.text))
			}
		})
	}
}
