package configs

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"automl/trial"
)

// memory is a number of bytes, written with its unit: 8GiB.
type memory int64

var memoryUnits = map[string]float64{
	"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40,
	"kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12,
}

var memoryPattern = regexp.MustCompile(`^([0-9]+(?:\.[0-9]+)?) *([A-Za-z]+)$`)

func (m *memory) decode(d *decoder, path string, n *node) {
	if n.kind == integer || n.kind == float {
		d.wrong(path, "%s has no unit", n.raw).withHint("write %sGiB or %sMiB", n.raw, n.raw)
		return
	}
	if n.kind != text {
		d.mismatch(path, n, "an amount of memory such as 8GiB", rules{})
		return
	}
	v, err := ParseBytes(n.raw)
	if err != nil {
		d.wrong(path, "%s", err.Msg).withHint("%s", err.Hint)
		return
	}
	*m = memory(v)
}

// ParseBytes reads an amount of memory, written with its unit (8GiB): from 1 MiB to 1024 TiB.
func ParseBytes(raw string) (int64, *trial.Error) {
	parts := memoryPattern.FindStringSubmatch(strings.TrimSpace(raw))
	if parts == nil {
		return 0, trial.Errorf(trial.Invalid, "%q is no amount of memory", shorten(raw)).WithHint("write a number and a unit, such as 8GiB")
	}
	unit, ok := memoryUnits[parts[2]]
	if !ok {
		return 0, trial.Errorf(trial.Invalid, "%q is no unit of memory", shorten(parts[2])).WithHint("%s", memoryHint(parts))
	}
	v, _ := strconv.ParseFloat(parts[1], 64)
	if v *= unit; v < 1<<20 || v > 1<<50 {
		return 0, trial.Errorf(trial.Invalid, "%s is out of range", shorten(raw)).WithHint("give between 1MiB and 1024TiB")
	}
	return int64(v), nil
}

// memoryHint corrects an abbreviated unit (8G, 8Gi, 8gb) and otherwise lists the units.
func memoryHint(parts []string) string {
	switch first := strings.ToUpper(parts[2][:1]); first {
	case "K", "M", "G", "T":
		return fmt.Sprintf("write %s%siB", parts[1], first)
	}
	return "units: B, KiB, MiB, GiB, TiB, kB, MB, GB, TB"
}

// MarshalJSON writes the largest unit that leaves a whole number.
func (m memory) MarshalJSON() ([]byte, error) {
	for _, unit := range []string{"TiB", "GiB", "MiB", "KiB"} {
		if size := int64(memoryUnits[unit]); int64(m)%size == 0 {
			return json.Marshal(fmt.Sprintf("%d%s", int64(m)/size, unit))
		}
	}
	return json.Marshal(fmt.Sprintf("%dB", int64(m)))
}

// duration is a number of seconds, written with its unit: 2h, 1h30m, 45s.
type duration float64

var durationPattern = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]+)?(?:d|h|m|s))+$`)
var durationParts = regexp.MustCompile(`([0-9]+(?:\.[0-9]+)?)(d|h|m|s)`)

var durationUnits = map[string]float64{"d": 86400, "h": 3600, "m": 60, "s": 1}

func (t *duration) decode(d *decoder, path string, n *node) {
	if n.kind == integer || n.kind == float {
		d.wrong(path, "%s has no unit", n.raw).withHint("write %sh, %sm or %ss", n.raw, n.raw, n.raw)
		return
	}
	if n.kind != text {
		d.mismatch(path, n, "a duration such as 2h or 90m", rules{})
		return
	}
	compact := strings.ReplaceAll(n.raw, " ", "")
	if !durationPattern.MatchString(compact) {
		d.wrong(path, "%q is no duration", shorten(n.raw)).withHint("write numbers with d, h, m or s, such as 2h or 1h30m")
		return
	}
	sum := 0.0
	for _, part := range durationParts.FindAllStringSubmatch(compact, -1) {
		v, _ := strconv.ParseFloat(part[1], 64)
		sum += v * durationUnits[part[2]]
	}
	if !(sum >= 1) || sum > 366*86400 {
		d.wrong(path, "%s is out of range", shorten(n.raw)).withHint("give between 1s and 366d")
		return
	}
	*t = duration(sum)
}

// MarshalJSON writes hours or minutes when they are whole, otherwise seconds.
func (t duration) MarshalJSON() ([]byte, error) {
	for _, unit := range []string{"h", "m"} {
		if v := float64(t) / durationUnits[unit]; v == math.Trunc(v) {
			return json.Marshal(strconv.FormatFloat(v, 'f', -1, 64) + unit)
		}
	}
	return json.Marshal(strconv.FormatFloat(float64(t), 'f', -1, 64) + "s")
}

// clock is a time of day, HH:MM.
type clock string

var clockPattern = regexp.MustCompile(`^([01]?[0-9]|2[0-3]):[0-5][0-9]$`)

func (c *clock) decode(d *decoder, path string, n *node) {
	switch {
	case n.kind != text:
		d.mismatch(path, n, `a time of day such as "07:00"`, rules{})
	case !clockPattern.MatchString(n.raw):
		d.wrong(path, "%q is no time of day", shorten(n.raw)).withHint(`write hours and minutes of a 24-hour clock, such as "07:00"`)
	default:
		*c = clock(fmt.Sprintf("%05s", n.raw))
	}
}

// scalar is a value of a parameter: a boolean, an int64, a float64 or a string.
type scalar struct{ v any }

func (s *scalar) decode(d *decoder, path string, n *node) {
	switch {
	case n.kind == null || n.kind == list || n.kind == mapping:
		d.mismatch(path, n, "a number, a text or a boolean", rules{})
	case n.big:
		d.wrong(path, "%s is too large for a 64-bit integer", shorten(n.raw)).withHint("write it with a decimal point for a float")
	case n.kind == float:
		if v, ok := d.number(path, n, rules{}); ok {
			s.v = v
		}
	default:
		s.v = n.value
	}
}

// MarshalJSON keeps a whole float a float: 3.0.
func (s scalar) MarshalJSON() ([]byte, error) {
	b, err := json.Marshal(s.v)
	if _, isFloat := s.v.(float64); isFloat && !strings.ContainsAny(string(b), ".eE") {
		b = append(b, '.', '0')
	}
	return b, err
}

// literal is a text that may also be written as a number or a boolean: an argument or an environment variable, where 3 and
// "3" mean the same.
type literal string

func (l *literal) decode(d *decoder, path string, n *node) {
	if !slices.Contains([]kind{text, boolean, integer, float}, n.kind) {
		d.mismatch(path, n, "a text", rules{})
		return
	}
	if strings.ContainsRune(n.raw, 0) {
		d.wrong(path, "holds a zero byte")
		return
	}
	*l = literal(n.raw)
}
