package store_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// TestEnums holds the lists of the schema to the constants of the domain: a state or decision that is added there and
// forgotten here would be refused when a study first comes to it.
func TestEnums(t *testing.T) {
	dir := t.TempDir()
	openIn(t, dir)
	var schema string
	check(t, raw(t, dir).QueryRow("SELECT group_concat(sql, ';') FROM sqlite_schema").Scan(&schema))
	constants := domainConstants(t)
	for column, kind := range map[string]string{"what": "What", "origin": "Origin", "phase": "Phase", "failure": "Failure",
		"study_state": "StudyState", "state": "Status", "goal": "Goal", "aggregate": "Aggregate"} {
		lists := regexp.MustCompile(`CHECK \(`+column+` IN \(([^)]*)\)`).FindAllStringSubmatch(schema, -1)
		if len(lists) == 0 || len(constants[kind]) == 0 {
			t.Errorf("column %s has %d lists, type %s has %d constants", column, len(lists), kind, len(constants[kind]))
		}
		for _, list := range lists {
			for _, value := range constants[kind] {
				if !strings.Contains(list[1], "'"+value+"'") {
					t.Errorf("column %s does not allow %q", column, value)
				}
			}
		}
	}
}

// domainConstants is the string constants of package trial, by their type.
func domainConstants(t *testing.T) map[string][]string {
	files, err := filepath.Glob("../*.go")
	check(t, err)
	out := map[string][]string{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		check(t, err)
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			kind, named := spec.Type.(*ast.Ident)
			for _, v := range spec.Values {
				if text, ok := v.(*ast.BasicLit); ok && named && text.Kind == token.STRING {
					value, err := strconv.Unquote(text.Value)
					check(t, err)
					out[kind.Name] = append(out[kind.Name], value)
				}
			}
			return true
		})
	}
	return out
}
