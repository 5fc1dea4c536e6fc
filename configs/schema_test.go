package configs

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"reflect"
	"regexp"
	"slices"
	"testing"
)

// validate checks a value against a schema, for the keywords that Schema uses; any other keyword is an error.
func validate(schema, v any, path string) error {
	if schema == true {
		return nil
	}
	m, ok := schema.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: nothing is allowed here", path)
	}
	for keyword, arg := range m {
		if err := keywordHolds(m, keyword, arg, v); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return validateBelow(m, v, path)
}

// validateBelow checks the values inside of a value.
func validateBelow(m map[string]any, v any, path string) error {
	switch v := v.(type) {
	case []any:
		for i, item := range v {
			if items, ok := m["items"]; ok {
				if err := validate(items, item, index(path, i)); err != nil {
					return err
				}
			}
		}
	case map[string]any:
		properties, _ := m["properties"].(map[string]any)
		for name, item := range v {
			rule, ok := properties[name]
			if !ok {
				if rule, ok = m["additionalProperties"]; !ok {
					continue
				}
			}
			if err := validate(rule, item, join(path, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

func keywordHolds(m map[string]any, keyword string, arg, v any) error {
	number, isNumber := v.(float64)
	limit, _ := arg.(float64)
	text, isText := v.(string)
	object, isObject := v.(map[string]any)
	list, isList := v.([]any)
	holds := true
	switch keyword {
	case "$schema", "title", "description", "properties", "additionalProperties", "items":
	case "type":
		holds = typeOf(v) == arg || arg == "number" && isNumber
	case "const":
		holds = reflect.DeepEqual(arg, v)
	case "enum":
		holds = slices.Contains(arg.([]any), v)
	case "pattern":
		holds = !isText || regexp.MustCompile(arg.(string)).MatchString(text)
	case "minimum":
		holds = !isNumber || number >= limit
	case "maximum":
		holds = !isNumber || number <= limit
	case "exclusiveMinimum":
		holds = !isNumber || number > limit
	case "exclusiveMaximum":
		holds = !isNumber || number < limit
	case "minItems":
		holds = !isList || float64(len(list)) >= limit
	case "maxItems":
		holds = !isList || float64(len(list)) <= limit
	case "minProperties":
		holds = !isObject || float64(len(object)) >= limit
	case "required":
		for _, name := range arg.([]any) {
			_, has := object[name.(string)]
			holds = holds && (!isObject || has)
		}
	case "oneOf", "anyOf":
		return alternatives(keyword, arg.([]any), v)
	default:
		return fmt.Errorf("the validator does not know %s", keyword)
	}
	if !holds {
		return fmt.Errorf("%v does not keep %s: %v", v, keyword, arg)
	}
	return nil
}

func alternatives(keyword string, schemas []any, v any) error {
	fit := 0
	var all []error
	for _, s := range schemas {
		if err := validate(s, v, "."); err != nil {
			all = append(all, err)
		} else {
			fit++
		}
	}
	if fit == 0 || keyword == "oneOf" && fit > 1 {
		return fmt.Errorf("%d alternatives of %s fit: %v", fit, keyword, all)
	}
	return nil
}

func typeOf(v any) string {
	switch v := v.(type) {
	case bool:
		return "boolean"
	case float64:
		if v == math.Trunc(v) {
			return "integer"
		}
		return "number"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "null"
}

// generic is a tree as encoding/json would have it.
func (n *node) generic() any {
	switch n.kind {
	case integer:
		return float64(n.value.(int64))
	case list:
		out := []any{}
		for _, item := range n.items {
			out = append(out, item.generic())
		}
		return out
	case mapping:
		out := map[string]any{}
		for i, k := range n.keys {
			out[k.name] = n.items[i].generic()
		}
		return out
	}
	return n.value
}

// tree reads a file as far as the tree.
func tree(t *testing.T, file string) *node {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, wrong := parse(&source{file: file, marks: map[string]mark{}}, data)
	if wrong != nil {
		t.Fatal(wrong)
	}
	return root
}

func schema(t *testing.T) map[string]any {
	t.Helper()
	data, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	var out map[string]any
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	return out
}

func TestSchemaTakesGood(t *testing.T) {
	rules := schema(t)
	for _, file := range sweeps(t, "testdata/good") {
		if err := validate(rules, tree(t, file).generic(), ""); err != nil {
			t.Errorf("%s: %v", file, err)
		}
		s, err := Load(file)
		if err != nil {
			t.Fatal(err)
		}
		var document any
		if err := json.Unmarshal(s.Document(), &document); err != nil {
			t.Fatal(err)
		}
		if err := validate(rules, document, ""); err != nil {
			t.Errorf("document of %s: %v", file, err)
		}
	}
}

// TestSchemaRefuses holds the schema to the same keys, words and bounds that the decoder has.
func TestSchemaRefuses(t *testing.T) {
	rules := schema(t)
	for _, name := range []string{"key-near", "key-missing", "objective-goal", "parameter-min", "parameter-choices-of-float",
		"parameter-choices-empty", "parameter-quoted", "parameters-none", "freeze-strategy", "freeze-depth", "folds-zero",
		"folds-split", "folds-no-k", "epochs-zero", "epochs-list", "sampler-type", "sampler-gamma", "scheduler-type",
		"budget-empty", "budget-hours", "budget-deadline", "trainer-external-field", "trainer-lease-number", "trainer-command-empty", "trainer-text",
		"builtin-no-model", "resources-memory", "resources-timeout", "resources-fraction-range", "confirm-zero", "seed-negative",
		"prior-confidence", "when-text", "workers-text", "enqueue-item"} {
		if err := validate(rules, tree(t, "testdata/bad/"+name+".yaml").generic(), ""); err == nil {
			t.Errorf("%s keeps the schema", name)
		}
	}
}

// TestSchemaDescribes asks that an editor has something to say about every key.
func TestSchemaDescribes(t *testing.T) {
	var walk func(path string, v any)
	walk = func(path string, v any) {
		switch v := v.(type) {
		case []any:
			for _, item := range v {
				walk(path, item)
			}
		case map[string]any:
			properties, _ := v["properties"].(map[string]any)
			if properties != nil && v["additionalProperties"] != false {
				t.Errorf("%s allows any key", path)
			}
			for name, p := range properties {
				if d, _ := p.(map[string]any)["description"].(string); d == "" && name != "type" {
					t.Errorf("%s has no description", join(path, name))
				}
				walk(join(path, name), p)
			}
			for _, key := range []string{"anyOf", "oneOf", "items", "additionalProperties"} {
				walk(path, v[key])
			}
		}
	}
	walk("", schema(t))
}
