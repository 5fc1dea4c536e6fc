package finetune

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"automl/runner/finetune/model"
)

// document is docs/finetune.md.
func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/finetune.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Every test and example that the document names is there.
func TestDocumentNamesTests(t *testing.T) {
	var there strings.Builder
	for _, dir := range []string{"..", "../../cmd/automl"} {
		err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			there.Write(text)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	names := regexp.MustCompile("`((?:Test|Example|Fuzz|Benchmark)[A-Z]\\w*)`").FindAllStringSubmatch(document(t), -1)
	if len(names) < 50 {
		t.Errorf("only %d tests are named", len(names))
	}
	for _, name := range names {
		if !strings.Contains(there.String(), "func "+name[1]+"(") {
			t.Errorf("docs/finetune.md names %s, which is no test of the runner or the program", name[1])
		}
	}
}

func TestModelsAreDocumented(t *testing.T) {
	for _, kind := range model.Supported() {
		if !strings.Contains(document(t), "`"+kind+"`") {
			t.Errorf("docs/finetune.md, section Models: no row for model_type %s, with its parity test", kind)
		}
	}
}
