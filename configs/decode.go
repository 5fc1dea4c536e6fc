package configs

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// decoder copies a tree into the document types and records everything that does not fit. Keys come from the json tags of
// the types, required keys, permitted words and bounds from their jsonschema tags, so that the schema says what is checked.
type decoder struct{ *source }

// decoded is a type that reads its own node.
type decoded interface {
	decode(d *decoder, path string, n *node)
}

// shortened is a section that may be written as the value of one of its keys alone: folds: 5 for folds: {k: 5}.
type shortened interface {
	short() (key string)
}

// value decodes a node into a settable value; the rules are those of the field it is decoded for.
func (d *decoder) value(path string, n *node, into reflect.Value, r rules) {
	if into.Kind() == reflect.Pointer {
		into.Set(reflect.New(into.Type().Elem()))
		d.value(path, n, into.Elem(), r)
		return
	}
	if own, ok := into.Addr().Interface().(decoded); ok {
		own.decode(d, path, n)
		return
	}
	if s, ok := into.Addr().Interface().(shortened); ok && n.kind != mapping {
		f, _ := fieldOf(into.Type(), s.short())
		r := f.rules
		r.orSection = true
		d.value(path, n, into.FieldByIndex(f.index), r)
		return
	}
	switch into.Kind() {
	case reflect.Struct:
		d.section(path, n, into)
	case reflect.Slice:
		d.list(path, n, into, r)
	default:
		d.scalar(path, n, into, r)
	}
}

// oldBooleans are the booleans of YAML 1.1, which are texts today.
var oldBooleans = map[string]string{
	"yes": "write true", "on": "write true", "y": "write true", "no": "write false", "off": "write false", "n": "write false",
	"true": "write true, without quotes", "false": "write false, without quotes",
}

// mismatch records that a node is of another kind than it must be.
func (d *decoder) mismatch(path string, n *node, want string, r rules) *Error {
	if r.orSection {
		want += " or a section"
	}
	if n.kind == null {
		return d.wrong(path, "has no value; expected %s", want)
	}
	return d.wrong(path, "expected %s, found %s", want, n.describe())
}

// scalar decodes a boolean, a number or a text.
func (d *decoder) scalar(path string, n *node, into reflect.Value, r rules) {
	switch into.Kind() {
	case reflect.Bool:
		if n.kind != boolean {
			if e := d.mismatch(path, n, "true or false", r); n.kind == text {
				e.Hint = oldBooleans[strings.ToLower(n.raw)]
			}
			return
		}
		into.SetBool(n.value.(bool))
	case reflect.String:
		d.text(path, n, into, r)
	case reflect.Float64:
		v, ok := d.number(path, n, r)
		if ok && d.bounds(path, n, v, r) {
			into.SetFloat(v)
		}
	case reflect.Int, reflect.Int64, reflect.Uint64:
		v, ok := d.whole(path, n, r)
		if !ok || !d.bounds(path, n, float64(v), r) {
			return
		}
		if into.CanUint() {
			into.SetUint(uint64(v)) // the rules of an unsigned field have a minimum
			return
		}
		into.SetInt(v)
	default:
		panic("configs: no decoding for " + into.Type().String())
	}
}

func (d *decoder) text(path string, n *node, into reflect.Value, r rules) {
	if n.kind != text {
		e := d.mismatch(path, n, "a text", r)
		if !r.orSection && (n.kind == integer || n.kind == float || n.kind == boolean) {
			e.withHint("put it in quotes: %q", n.raw)
		}
		return
	}
	s := n.value.(string)
	switch {
	case strings.TrimSpace(s) == "":
		d.wrong(path, "is empty")
	case notSupported[path+": "+s] != "":
		d.wrong(path, "%s is not supported yet: this version has no %s", s, notSupported[path+": "+s]).
			withHint("use one of %s", strings.Join(r.enum, ", "))
	case r.enum != nil && !slices.Contains(r.enum, s):
		d.wrong(path, "%q is not one of %s", shorten(s), strings.Join(r.enum, ", ")).Hint = didYouMean(s, r.enum)
	default:
		into.SetString(s)
	}
}

// didYouMean is a hint for a word that is nearly one of the permitted ones, which the message has already listed.
func didYouMean(word string, known []string) string {
	if k, ok := nearest(word, known); ok {
		return fmt.Sprintf("did you mean %q?", k)
	}
	return ""
}

// number reads a finite number.
func (d *decoder) number(path string, n *node, r rules) (float64, bool) {
	switch n.kind {
	case integer:
		return float64(n.value.(int64)), true
	case float:
		v := n.value.(float64)
		if math.IsInf(v, 0) || math.IsNaN(v) {
			d.wrong(path, "%s is not a finite number", shorten(n.raw))
			return 0, false
		}
		return v, true
	}
	d.unquote(d.mismatch(path, n, "a number", r), n)
	return 0, false
}

// unquote adds the hint for a number that stands in quotes.
func (d *decoder) unquote(e *Error, n *node) {
	if p := plain(strings.TrimSpace(n.raw), n.at); n.kind == text && (p.kind == integer || p.kind == float) {
		e.withHint("remove the quotes: %s", p.raw)
	}
}

// whole reads an integer; a float without a fraction, such as 1e3, is one.
func (d *decoder) whole(path string, n *node, r rules) (int64, bool) {
	const exact = 1 << 53
	if n.kind == integer {
		return n.value.(int64), true
	}
	if n.kind != float {
		d.unquote(d.mismatch(path, n, "a whole number", r), n)
		return 0, false
	}
	v := n.value.(float64)
	switch {
	case n.big || math.Abs(v) > exact:
		d.wrong(path, "%s is too large for a whole number", shorten(n.raw))
	case v != math.Trunc(v): // also NaN
		d.wrong(path, "expected a whole number, found %s", shorten(n.raw))
	default:
		return int64(v), true
	}
	return 0, false
}

// bounds checks a number against minimum, maximum and their exclusive forms.
func (d *decoder) bounds(path string, n *node, v float64, r rules) bool {
	for _, b := range r.bounds {
		if !b.holds(v) {
			d.wrong(path, "%s must be %s", n.raw, r.limits())
			return false
		}
	}
	return true
}

func (d *decoder) list(path string, n *node, into reflect.Value, r rules) {
	if n.kind != list {
		e := d.mismatch(path, n, "a list", r)
		if n.kind != null && n.kind != mapping {
			e.withHint("write [%s]", shorten(strings.Join(strings.Fields(n.raw), ", ")))
		}
		return
	}
	if len(n.items) < r.minItems {
		d.wrong(path, "the list is empty")
	}
	into.Set(reflect.MakeSlice(into.Type(), len(n.items), len(n.items)))
	r.bounds = r.itemBounds
	for i, item := range n.items {
		d.value(index(path, i), item, into.Index(i), r)
	}
}

// section decodes a mapping into a struct.
func (d *decoder) section(path string, n *node, into reflect.Value) {
	fields := fieldsOf(into.Type())
	if n.kind != mapping {
		d.mismatch(path, n, "a section with "+strings.Join(names(fields), ", "), rules{})
		return
	}
	meant := d.keys(path, n, names(fields))
	for _, f := range fields {
		if item := n.get(f.name); item != nil {
			d.value(join(path, f.name), item, into.FieldByIndex(f.index), f.rules)
		} else if f.required && !slices.Contains(meant, f.name) {
			d.missing(path, f.name)
		}
	}
}

// missing is the message for a required key that is not there.
const missing = "is missing"

// missing records that a section lacks a key.
func (d *decoder) missing(path, name string) *Error {
	e := d.wrong(join(path, name), missing)
	m, _ := d.mark(path)
	e.Line, e.Column = m.key.line, m.key.column
	return e
}

// unknownKey is the message for a key that no section of the kind has.
const unknownKey = "unknown key"

// keys records the keys that a section does not have, and those that stand twice. It returns the known keys that were meant
// by unknown ones: those are not missing, only misspelt.
func (d *decoder) keys(path string, n *node, known []string) (meant []string) {
	d.twice(path, n)
	for _, k := range n.keys {
		at := join(path, k.name)
		switch {
		case slices.Contains(known, k.name) || d.full():
		case elsewhere[at] != "":
			d.wrongKey(at, unknownKey).withHint("it is written %s", elsewhere[at])
		default:
			d.wrongKey(at, unknownKey).Hint = suggest(k.name, known)
			if near, ok := nearest(k.name, known); ok {
				meant = append(meant, near)
			}
		}
	}
	return meant
}

// elsewhere says where a key stands that people look for in another section.
var elsewhere = map[string]string{
	"scheduler.grace":      "epochs: {max: 20, grace: 3}",
	"scheduler.max_epochs": "epochs: {max: 20}",
	"scheduler.trials":     "budget: {trials: 100}",
	"sampler.seed":         "seed: 1, beside sampler",
	"trainer.gpus":         "resources: {gpus: 1}",
	"trainer.epochs":       "epochs: 20, beside trainer",
	"budget.epochs":        "epochs: 20, beside budget",
}

// twice records the keys that stand twice.
func (d *decoder) twice(path string, n *node) {
	first := map[string]place{}
	for _, k := range n.keys {
		at, again := first[k.name]
		if !again {
			first[k.name] = k.at
			continue
		}
		e := d.wrong(join(path, k.name), "the key stands twice, first in line %d", at.line)
		e.Line, e.Column = k.at.line, k.at.column
	}
}

// into decodes a mapping into the struct that a pointer points to.
func (d *decoder) into(path string, n *node, pointer any) {
	d.section(path, n, reflect.ValueOf(pointer).Elem())
}

// switched reads true, false, or a section with the keys named, which means true, into options. It reports whether it is switched off.
func (d *decoder) switched(path string, n *node, options any, keys string) (off bool) {
	switch n.kind {
	case boolean:
		return !n.value.(bool)
	case mapping:
		d.into(path, n, options)
	default:
		e := d.mismatch(path, n, "true, false or a section with "+keys, rules{})
		if n.kind == text {
			e.Hint = oldBooleans[n.raw]
		}
	}
	return false
}
