package configs

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"automl/trial"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares text with a file, or rewrites the file.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); run with -update if it should\n%s", file, diff)
	}
}

// sweeps are the sweep files of a folder, without what lies beside them.
func sweeps(t testing.TB, dir string) []string {
	t.Helper()
	var out []string
	for _, pattern := range []string{"*.yaml", "*.json"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, found...)
	}
	if len(out) == 0 {
		t.Fatalf("no sweep files in %s", dir)
	}
	return out
}

// portable replaces the folder that the test runs in.
func portable(t *testing.T, text string) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(text, here, "HERE")
}

func TestBad(t *testing.T) {
	for _, file := range sweeps(t, "testdata/bad") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, err := Load(file)
			if err == nil {
				t.Fatal("no error")
			}
			list := ListErrors(err)
			if len(list) == 0 {
				t.Fatalf("%T %v is not an error of this package", err, err)
			}
			for _, e := range list {
				if e.File != file || e.Line < 1 || e.Column < 1 || e.Msg == "" {
					t.Errorf("incomplete: %+v", e)
				}
			}
			if trial.CodeOf(err) != trial.Invalid {
				t.Errorf("code %s", trial.CodeOf(err))
			}
			text := strings.ReplaceAll(portable(t, err.Error()), "testdata/bad/"+filepath.Base(file)+":", filepath.Base(file)+":")
			golden(t, strings.TrimSuffix(file, filepath.Ext(file))+".err", text+"\n")
		})
	}
}

func TestGood(t *testing.T) {
	for _, file := range sweeps(t, "testdata/good") {
		t.Run(filepath.Base(file), func(t *testing.T) {
			s, err := Load(file)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, strings.TrimSuffix(file, filepath.Ext(file))+".document", portable(t, indented(t, s.Document())))
			again(t, s)
		})
	}
}

func TestErrorsAs(t *testing.T) {
	_, err := Load("testdata/bad/several.yaml")
	var one *Error
	if !errors.As(err, &one) || one.Key != "wokers" {
		t.Errorf("the first error is %v", one)
	}
	if got := trial.HintOf(err); !strings.Contains(got, "workers") {
		t.Errorf("hint %q", got)
	}
}
