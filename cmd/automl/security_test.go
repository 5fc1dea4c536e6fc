package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// tests are the tests of the repository, each with the texts that stand in it: the names of its cases are among them.
func tests(t *testing.T, root string) map[string]map[string]bool {
	out := map[string]map[string]bool{}
	err := filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, d := range file.Decls {
			f, isFunc := d.(*ast.FuncDecl)
			if !isFunc || f.Recv != nil || !strings.HasPrefix(f.Name.Name, "Test") && !strings.HasPrefix(f.Name.Name, "Fuzz") {
				continue
			}
			texts := map[string]bool{}
			ast.Inspect(f, func(n ast.Node) bool {
				if l, isLit := n.(*ast.BasicLit); isLit && l.Kind == token.STRING {
					if text, err := strconv.Unquote(l.Value); err == nil {
						texts[text] = true
					}
				}
				return true
			})
			out[f.Name.Name] = texts
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestSecurityIsTested holds docs/security.md to the tests: each row of its tables names one, each test named is there, and each case of
// TestHostileHTTP has its row.
func TestSecurityIsTested(t *testing.T) {
	text, err := os.ReadFile("../../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	faults, err := os.ReadFile("../../bench/faults/fault.go")
	if err != nil {
		t.Fatal(err)
	}
	known := tests(t, "../..")
	quoted := regexp.MustCompile("`([^`]+)`")
	named := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != 5 || strings.HasPrefix(cells[1], "---") || strings.TrimSpace(cells[3]) == "test" {
			continue
		}
		all := quoted.FindAllStringSubmatch(cells[3], -1)
		if len(all) == 0 {
			t.Errorf("no test is named for %q", cells[1])
		}
		for _, m := range all {
			named[m[1]] = true
			if fault, is := strings.CutPrefix(m[1], "bench/faults "); is {
				if !strings.Contains(string(faults), strconv.Quote(fault)) {
					t.Errorf("there is no fault %s", fault)
				}
				continue
			}
			test, sub, hasSub := strings.Cut(m[1], "/")
			if texts, there := known[test]; !there || hasSub && !texts[sub] {
				t.Errorf("there is no test %s", m[1])
			}
		}
	}
	if len(named) < 50 {
		t.Fatalf("%d tests are named: is the table read as it is?", len(named))
	}
	source, err := os.ReadFile("hostile_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range regexp.MustCompile("(?m)^\t\t\\{\"([^\"]+)\", ").FindAllStringSubmatch(string(source), -1) {
		if !named["TestHostileHTTP/"+m[1]] {
			t.Errorf("docs/security.md has no row for %q", m[1])
		}
	}
}
