package data

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// all reads a file to its end.
func all(t *testing.T, file string) (header []string, cells [][]cell, places []int, err error) {
	t.Helper()
	r, _, err := open("trainer.data.train", file)
	if err != nil {
		return nil, nil, nil, err
	}
	defer r.close()
	for {
		row, at, err := r.next()
		if err == io.EOF {
			return r.header(), cells, places, nil
		}
		if err != nil {
			return r.header(), cells, places, err
		}
		cells, places = append(cells, append([]cell(nil), row...)), append(places, at)
	}
}

func written(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func texts(values ...string) (out []cell) {
	for _, v := range values {
		out = append(out, cell{text: v})
	}
	return out
}

func TestTextFormats(t *testing.T) {
	for _, c := range []struct {
		name, text string
		header     []string
		cells      [][]cell
		places     []int
	}{
		{"r.csv", "\ufeffa,b\n1,\"x,\n\"\"y\"\n\n2,\n", []string{"a", "b"}, [][]cell{texts("1", "x,\n\"y"), texts("2", "")}, []int{2, 5}},
		{"r.TSV", "a\tb\r\n1,5\t\"x\ty\"\r\n", []string{"a", "b"}, [][]cell{texts("1,5", "x\ty")}, []int{2}},
		{"r.jsonl", "\ufeff{\"a\": 1.50, \"b\": \"x\\u00e9\\n\"}\n\n  \n{\"b\": null, \"c\": true, \"a\": -1e3}\r\n{\"t\": [\"x\", 2, false], \"a\": []}",
			[]string{"a", "b", "c", "t"}, [][]cell{
				texts("1.50", "xé\n", "", ""), texts("-1e3", "", "true", ""),
				{{list: []string{}}, {}, {}, {list: []string{"x", "2", "false"}}},
			}, []int{1, 4, 5}},
		{"r.ndjson", `{"a": {"b": 1}, "c": [[1]], "d": [null]}`, []string{"a", "c", "d"}, [][]cell{{{nested: true}, {nested: true}, {nested: true}}}, []int{1}},
	} {
		header, cells, places, err := all(t, written(t, c.name, c.text))
		if err != nil || !reflect.DeepEqual(header, c.header) || !reflect.DeepEqual(cells, c.cells) || !reflect.DeepEqual(places, c.places) {
			t.Errorf("%s: %q %+v at %v, %v", c.name, header, cells, places, err)
		}
	}
}

func TestFormatErrorsNameThePlace(t *testing.T) {
	for _, c := range []struct {
		name, text string
		line       int
		message    string
	}{
		{"r.tsv", "a\tb\n1\n", 2, "the row has 1 fields, the header 2"},
		{"r.csv", "a,b\n1,x\"y\n", 2, "the quote doubled"},
		{"r.csv", "\xff\xfea\x00", 0, "is UTF-16"},
		{"r.csv", "a,\xe9\n1,2\n", 1, "the name of column 2 is not UTF-8"},
		{"r.csv.gz", "a,b\n", 0, "not gzip"},
		{"r.jsonl", "", 0, "is empty"},
		{"r.jsonl", "{\"a\": 1}\n[1]\n", 2, "is no JSON object"},
		{"r.jsonl", "{\"a\": 1}\n{\"a\": 1\n", 2, "the object does not end"},
		{"r.jsonl", "{\"a\": 1}\n{\"a\": x}\n", 2, "is no JSON at character 7"},
		{"r.jsonl", "{\"a\": 1, \"a\": 2}\n", 1, `the key "a" stands twice`},
		{"r.jsonl", "{\"a\": 1} {\"a\": 2}\n", 1, "something follows the object"},
		{"r.jsonl", "{\"a\": \"\xe9\"}\n", 1, "is not UTF-8"},
		{"r.jsonl", "{\"a\": 1,}\n", 1, "is no JSON"},
		{"r.parquet", "", 0, "is no Parquet file"},
		{"r.parquet", "PAR1 and something else that is long enough PAR1", 0, "is no Parquet file"},
	} {
		_, _, _, err := all(t, written(t, c.name, c.text))
		var e *Error
		if !errors.As(err, &e) || e.Line != c.line || e.Field != "trainer.data.train" || !strings.Contains(err.Error(), c.message) {
			t.Errorf("%s %q: %v", c.name, c.text, err)
		}
	}
}

// The file was written by PyArrow (testdata/make.py).
func TestParquet(t *testing.T) {
	header, cells, places, err := all(t, "testdata/rows.parquet")
	if err != nil {
		t.Fatal(err)
	}
	columns := map[string][]cell{}
	for i, name := range header {
		for _, row := range cells {
			columns[name] = append(columns[name], row[i])
		}
	}
	list := func(items ...string) cell { return cell{list: append([]string{}, items...)} }
	want := map[string][]cell{
		"text":   texts("Grüße", "", "", "a\nb"),
		"kind":   texts("x", "y", "x", "y"),
		"whole":  texts("1", "", "-9007199254740993", "4"),
		"small":  texts("1", "2", "255", "4"),
		"large":  texts("1", "2", "18446744073709551615", "4"),
		"share":  texts("0.1", "", "NaN", "1e+300"),
		"single": texts("0.1", "2.5", "", "1e+30"),
		"flag":   texts("true", "false", "", "true"),
		"price":  texts("12.50", "-0.05", "", "0.00"),
		"day":    texts("2024-02-29", "", "1969-12-31", "1970-01-01"),
		"time":   texts("2024-02-29T12:30:00Z", "", "1970-01-01T00:00:00Z", "1970-01-01T00:00:01Z"),
		"tags":   {list("a", "b"), list(), list(), list("b")},
		"scores": {list("1", "2"), list("3"), list(), list()},
		"image":  {{nested: true}, {nested: true}, {nested: true}, {nested: true}},
	}
	if !reflect.DeepEqual(places, []int{1, 2, 3, 4}) || len(columns) != len(want) {
		t.Errorf("rows %v, columns %v", places, header)
	}
	for name, values := range want {
		if !reflect.DeepEqual(columns[name], values) {
			t.Errorf("%s: %+v, want %+v", name, columns[name], values)
		}
	}
}

// A file that breaks off in the middle is an error, never a panic or fewer rows.
func TestParquetDamaged(t *testing.T) {
	raw, err := os.ReadFile("testdata/rows.parquet")
	if err != nil {
		t.Fatal(err)
	}
	for i := 10; i < len(raw); i += 97 {
		_, _, _, err := all(t, written(t, "cut.parquet", string(raw[:i])))
		if err == nil {
			t.Errorf("%d of %d bytes are read without an error", i, len(raw))
		}
		bent := append([]byte(nil), raw...)
		bent[i] ^= 0x55
		_, _, _, err = all(t, written(t, "bent.parquet", string(bent)))
		var e *Error
		if err != nil && !errors.As(err, &e) {
			t.Errorf("byte %d: %v is no *Error", i, err)
		}
	}
}

func FuzzCSV(f *testing.F) {
	for _, seed := range []string{"a,b\n1,2\n", "a\n\"x\ny\"\n", "\ufeffa,a\n", "a,b\n1\n", "\xff\xfe", ",\n,\n"} {
		f.Add([]byte(seed), false)
		f.Add([]byte(strings.ReplaceAll(seed, ",", "\t")), true)
	}
	f.Fuzz(func(t *testing.T, text []byte, tabs bool) {
		name := "r.csv"
		if tabs {
			name = "r.tsv"
		}
		checkFuzzed(t, name, text)
	})
}

func FuzzJSONLines(f *testing.F) {
	for _, seed := range []string{"{\"a\": 1}\n", "{\"a\": [1, \"x\"], \"b\": {}}\n{}\n", "{\"a\": 1, \"a\": 2}", "[]", "{\"a\": \"\\ud800\"}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) { checkFuzzed(t, "r.jsonl", text) })
}

func FuzzParquet(f *testing.F) {
	raw, err := os.ReadFile("testdata/rows.parquet")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, text []byte) { checkFuzzed(t, "r.parquet", text) })
}

// checkFuzzed reads what a fuzzer made: rows as wide as the header, or an error of this package.
func checkFuzzed(t *testing.T, name string, text []byte) {
	header, cells, places, err := all(t, written(t, name, string(text)))
	var e *Error
	if err != nil && (!errors.As(err, &e) || e.Msg == "" || e.File == "") {
		t.Errorf("%v is no complete *Error", err)
	}
	for i, row := range cells {
		if len(row) != len(header) || i > 0 && places[i] <= places[i-1] {
			t.Fatalf("row %d at %v has %d cells under %d names", i, places, len(row), len(header))
		}
	}
}
