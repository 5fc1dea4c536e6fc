package tokenizer

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// golden is what the reference makes of a text or a pair (testdata/reference.py).
type golden struct {
	Text    int
	Pair    *int
	Limit   int
	IDs     []int32
	TypeIDs []int32 `json:"type_ids"` // left out when all are 0
}

func readJSON(t testing.TB, path string, into any) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

// readTexts reads the texts that the golden files of a folder number.
func readTexts(t testing.TB, dir string) []string {
	t.Helper()
	var raw []struct{ Text, Hex string }
	readJSON(t, filepath.Join(dir, "texts.json"), &raw)
	var texts []string
	for _, r := range raw {
		b, err := hex.DecodeString(r.Hex)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, r.Text+string(b))
	}
	return texts
}

func loadFrom(t testing.TB, dir string) *Tokenizer {
	t.Helper()
	tok, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// Every folder of testdata, and of a folder of the same kind in AUTOML_TOKENIZER_CASES, gives what the reference gives.
func TestGolden(t *testing.T) {
	for _, root := range []string{"testdata", os.Getenv("AUTOML_TOKENIZER_CASES")} {
		files, err := filepath.Glob(filepath.Join(root, "*", "golden.json"))
		if err != nil || root == "testdata" && len(files) < 11 {
			t.Fatalf("golden files in %s: %d, error %v", root, len(files), err)
		}
		if root == "" {
			continue
		}
		texts := readTexts(t, root)
		for _, file := range files {
			dir := filepath.Dir(file)
			t.Run(filepath.Base(dir), func(t *testing.T) {
				var cases []golden
				readJSON(t, file, &cases)
				tok := loadFrom(t, dir)
				wrong := 0
				for _, c := range cases {
					if !c.check(t, tok, texts) {
						if wrong++; wrong == 10 {
							t.Fatal("and so on")
						}
					}
				}
				t.Logf("%d cases", len(cases))
			})
		}
	}
}

func (c *golden) check(t *testing.T, tok *Tokenizer, texts []string) bool {
	t.Helper()
	var e Encoding
	var err error
	if c.Pair == nil {
		err = tok.Append(&e, texts[c.Text], c.Limit)
	} else {
		err = tok.AppendPair(&e, texts[c.Text], texts[*c.Pair], c.Limit)
	}
	if err != nil {
		t.Errorf("%q: %v", texts[c.Text], err)
		return false
	}
	types := c.TypeIDs
	if types == nil {
		types = make([]int32, len(c.IDs))
	}
	if slices.Equal(e.IDs, c.IDs) && slices.Equal(e.TypeIDs, types) && slices.Equal(e.Lengths, []int32{int32(len(c.IDs))}) {
		return true
	}
	t.Errorf("text %d %.300q, pair %v, limit %d:\n got %v\nwant %v\ntypes %v\nwant  %v", c.Text, texts[c.Text], c.Pair != nil, c.Limit, e.IDs, c.IDs, e.TypeIDs, types)
	return false
}
