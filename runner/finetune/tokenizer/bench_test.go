package tokenizer

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"testing"
)

// sharedFile finds data shared between checkouts: in AUTOML_SHARED, or in a folder "shared" beside a folder above this one.
// Without it the test is skipped.
func sharedFile(t testing.TB, elem ...string) string {
	t.Helper()
	var roots []string
	if env := os.Getenv("AUTOML_SHARED"); env != "" {
		roots = append(roots, env)
	}
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for ; dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		roots = append(roots, filepath.Join(dir, "shared"))
	}
	for _, root := range roots {
		path := filepath.Join(append([]string{root}, elem...)...)
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skipf("%s not found in AUTOML_SHARED or a folder \"shared\" above this one", filepath.Join(elem...))
	return ""
}

// banking returns the texts of Banking77.
func banking(t testing.TB) []string {
	t.Helper()
	var texts []string
	for _, name := range []string{"train.csv", "test.csv"} {
		f, err := os.Open(sharedFile(t, "data", "banking77", name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		rows, err := csv.NewReader(f).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows[1:] {
			texts = append(texts, row[0])
		}
	}
	return texts
}

func benchmark(b *testing.B, tok *Tokenizer, texts []string) {
	var e Encoding
	tokens, bytes := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		for _, text := range texts {
			e.Reset()
			if err := tok.Append(&e, text, 128); err != nil {
				b.Fatal(err)
			}
			tokens += len(e.IDs)
			bytes += len(text)
		}
	}
	b.SetBytes(int64(bytes / b.N))
	b.ReportMetric(float64(tokens)/b.Elapsed().Seconds(), "tokens/s")
}

// The texts of Banking77 with MiniLM's tokenizer, one operation being all of them.
func BenchmarkWordPiece(b *testing.B) {
	benchmark(b, loadFrom(b, filepath.Dir(sharedFile(b, "data", "minilm", "tokenizer.json"))), banking(b))
}

// The same texts with a small byte-level vocabulary.
func BenchmarkByteLevelBPE(b *testing.B) {
	benchmark(b, loadFrom(b, filepath.Join("testdata", "roberta")), banking(b))
}

// Hard texts, mostly beyond ASCII.
func BenchmarkHardTexts(b *testing.B) {
	benchmark(b, loadFrom(b, filepath.Join("testdata", "bert")), readTexts(b, "testdata"))
}

func BenchmarkLoad(b *testing.B) {
	dir := filepath.Dir(sharedFile(b, "data", "minilm", "tokenizer.json"))
	b.ReportAllocs()
	for b.Loop() {
		loadFrom(b, dir)
	}
}
