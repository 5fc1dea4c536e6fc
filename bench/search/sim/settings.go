package sim

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// settings reads TYPE[:NAME=VALUE]... into a config, a pointer to a struct with a field Type. The settings are its other fields
// of a simple kind, in snake case: MaxGood is max_good.
func settings(text string, config any) error {
	parts := strings.Split(text, ":")
	fields := fieldsOf(config)
	fields["type"].SetString(parts[0])
	delete(fields, "type")
	for _, part := range parts[1:] {
		name, value, _ := strings.Cut(part, "=")
		field, known := fields[name]
		if !known {
			return fmt.Errorf("%s: there is no setting %q; there are %s", part, name, strings.Join(slices.Sorted(maps.Keys(fields)), ", "))
		}
		if err := set(field, value); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	return nil
}

// fieldsOf is the fields of a struct that a word can be read into.
func fieldsOf(config any) map[string]reflect.Value {
	out := map[string]reflect.Value{}
	v := reflect.ValueOf(config).Elem()
	for i := range v.NumField() {
		switch v.Field(i).Kind() {
		case reflect.Int, reflect.Float64, reflect.Bool, reflect.String:
			out[snake(v.Type().Field(i).Name)] = v.Field(i)
		}
	}
	return out
}

// snake is the name of a field as a sweep file spells it.
func snake(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

func set(field reflect.Value, value string) error {
	switch field.Kind() {
	case reflect.Int:
		n, err := strconv.Atoi(value)
		field.SetInt(int64(n))
		return plain(err)
	case reflect.Float64:
		x, err := strconv.ParseFloat(value, 64)
		field.SetFloat(x)
		return plain(err)
	case reflect.Bool:
		yes, err := strconv.ParseBool(value)
		field.SetBool(yes)
		return plain(err)
	}
	field.SetString(value)
	return nil
}

// plain is an error of strconv without the name of the function.
func plain(err error) error {
	var bad *strconv.NumError
	if errors.As(err, &bad) {
		return fmt.Errorf("%q: %w", bad.Num, bad.Err)
	}
	return err
}
