package configs

import (
	"reflect"
	"strconv"
	"strings"
)

// field is a key of a section.
type field struct {
	name     string
	index    []int // of the struct field
	required bool
	rules    rules
}

// rules are what the tags of a field say about its value.
type rules struct {
	enum       []string
	bounds     []bound
	itemBounds []bound // of the items of a list of numbers
	minItems   int
	orSection  bool // the value stands for a whole section
}

// bound is a limit of a number.
type bound struct {
	op    string // "at least", "above", "at most" or "below"
	limit float64
}

func (b bound) holds(v float64) bool {
	switch b.op {
	case "at least":
		return v >= b.limit
	case "above":
		return v > b.limit
	case "at most":
		return v <= b.limit
	}
	return v < b.limit
}

// limits is the bounds for a message: "at least 1 and at most 100".
func (r rules) limits() string {
	parts := make([]string, len(r.bounds))
	for i, b := range r.bounds {
		parts[i] = b.op + " " + strconv.FormatFloat(b.limit, 'f', -1, 64)
	}
	return strings.Join(parts, " and ")
}

var operators = map[string]string{
	"minimum": "at least", "exclusiveMinimum": "above", "maximum": "at most", "exclusiveMaximum": "below",
}

// fieldsOf are the keys of a section in order, those of embedded structs included.
func fieldsOf(t reflect.Type) []field {
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.Anonymous || name == "" || name == "-" {
			continue
		}
		required, r := readRules(f.Tag.Get("jsonschema"), f.Type.Kind() == reflect.Slice)
		out = append(out, field{name, f.Index, required, r})
	}
	return out
}

// fieldOf is one key of a section.
func fieldOf(t reflect.Type, name string) (field, bool) {
	for _, f := range fieldsOf(t) {
		if f.name == name {
			return f, true
		}
	}
	return field{}, false
}

// readRules reads a jsonschema tag. On a list, bounds and enum are those of its items, as the schema generator has it.
func readRules(tag string, isList bool) (required bool, r rules) {
	for _, part := range strings.Split(tag, ",") {
		name, value, _ := strings.Cut(part, "=")
		limit, _ := strconv.ParseFloat(value, 64)
		switch name {
		case "required":
			required = true
		case "enum":
			r.enum = append(r.enum, value)
		case "minItems":
			r.minItems = int(limit)
		case "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum":
			b := bound{operators[name], limit}
			if isList {
				r.itemBounds = append(r.itemBounds, b)
			} else {
				r.bounds = append(r.bounds, b)
			}
		}
	}
	return required, r
}

// names are the keys of a section.
func names(fields []field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.name
	}
	return out
}
