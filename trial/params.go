package trial

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Param is one named value of a trial. Value is a float64, an int64, a string or a bool, and nothing else.
type Param struct {
	Name  string
	Value any
}

// Params are the parameters of a trial in the order of the search space. A parameter whose condition does not hold is absent.
type Params []Param

// Get returns the value of the named parameter, and whether the trial has it.
func (p Params) Get(name string) (any, bool) {
	for _, q := range p {
		if q.Name == name {
			return q.Value, true
		}
	}
	return nil, false
}

// Float returns the named parameter as a float64, converting integers; missing when it is absent or not a number.
func (p Params) Float(name string, missing float64) float64 {
	v, _ := p.Get(name)
	switch v := v.(type) {
	case float64:
		return v
	case int64:
		return float64(v)
	}
	return missing
}

// Int returns the named parameter as an int, accepting a float64 that is whole; missing when it is absent or no such number.
func (p Params) Int(name string, missing int) int {
	v, _ := p.Get(name)
	switch v := v.(type) {
	case int64:
		return int(v)
	case float64:
		if v == math.Trunc(v) {
			return int(v)
		}
	}
	return missing
}

// Text returns the named parameter as a string; missing when it is absent or not a string.
func (p Params) Text(name, missing string) string {
	if v, _ := p.Get(name); v != nil {
		if s, ok := v.(string); ok {
			return s
		}
	}
	return missing
}

// Equal reports whether both hold the same names with the same values, in whatever order.
func (p Params) Equal(q Params) bool {
	if len(p) != len(q) {
		return false
	}
	for _, a := range p {
		if b, ok := q.Get(a.Name); !ok || a.Value != b {
			return false
		}
	}
	return true
}

// String is the parameters for a person: "lr=0.0012 optimizer=adamw".
func (p Params) String() string {
	var b strings.Builder
	for i, q := range p {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(q.Name + "=" + FormatValue(q.Value))
	}
	return b.String()
}

// FormatValue is a parameter's value for a person; floats keep four significant digits.
func FormatValue(v any) string {
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'g', 4, 64)
	}
	return fmt.Sprint(v)
}

// MarshalJSON writes an object whose keys stand in the order of the parameters. A float that is whole keeps a decimal point
// ("3.0"), so that it is read back as a float.
func (p Params) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, q := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		key, _ := json.Marshal(q.Name)
		value, err := marshalValue(q.Value)
		if err != nil {
			return nil, fmt.Errorf("parameter %s: %w", q.Name, err)
		}
		b.Write(key)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func marshalValue(v any) ([]byte, error) {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("%v is no finite number", v)
		}
		b, err := json.Marshal(v)
		if err == nil && !bytes.ContainsAny(b, ".eE") {
			b = append(b, '.', '0')
		}
		return b, err
	case int64, string, bool:
		return json.Marshal(v)
	}
	return nil, fmt.Errorf("a value of type %T is not allowed", v)
}

// UnmarshalJSON reads an object, keeping the order of its keys. A number with a point or an exponent becomes a float64, any
// other an int64.
func (p *Params) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*p = nil
		return nil
	}
	out := Params{}
	err := members(data, func(name string, token json.Token) error {
		value, err := ParseValue(token)
		if err != nil {
			return fmt.Errorf("parameter %s: %w", name, err)
		}
		if _, double := out.Get(name); double {
			return fmt.Errorf("parameter %s stands twice", name)
		}
		out = append(out, Param{name, value})
		return nil
	})
	if errors.Is(err, errNoObject) {
		return fmt.Errorf("parameters must be an object")
	}
	if err != nil {
		return err
	}
	*p = out
	return nil
}

// ParseValue turns a decoded JSON scalar (json.Number, string, bool, or Go's numbers) into a parameter's value.
func ParseValue(v any) (any, error) {
	switch v := v.(type) {
	case string, bool, int64, float64:
		return v, nil
	case int:
		return int64(v), nil
	case uint64:
		if v > math.MaxInt64 {
			return nil, fmt.Errorf("%d is too large", v)
		}
		return int64(v), nil
	case json.Number:
		if !strings.ContainsAny(string(v), ".eE") {
			return v.Int64()
		}
		return v.Float64()
	}
	return nil, fmt.Errorf("a value must be a number, a string or a boolean, not %T", v)
}
