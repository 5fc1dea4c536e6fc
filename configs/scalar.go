package configs

import (
	"math"
	"regexp"
	"strconv"
)

var (
	decimalPattern = regexp.MustCompile(`^[-+]?[0-9]+$`)
	octalPattern   = regexp.MustCompile(`^0o[0-7]+$`)
	hexPattern     = regexp.MustCompile(`^0x[0-9a-fA-F]+$`)
	floatPattern   = regexp.MustCompile(`^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`)
)

// plain resolves a scalar without quotes by the core schema of YAML 1.2. The parser's own idea of it is not used: it takes
// 1e-6 for a string, 010 for eight and 1_000 for a number.
func plain(raw string, at place) *node {
	n := &node{kind: text, at: at, raw: raw, value: raw}
	switch raw {
	case "", "~", "null", "Null", "NULL":
		n.kind, n.value = null, nil
	case "true", "True", "TRUE":
		n.kind, n.value = boolean, true
	case "false", "False", "FALSE":
		n.kind, n.value = boolean, false
	case ".nan", ".NaN", ".NAN":
		n.kind, n.value = float, math.NaN()
	case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF":
		n.kind, n.value = float, math.Inf(1)
	case "-.inf", "-.Inf", "-.INF":
		n.kind, n.value = float, math.Inf(-1)
	default:
		n.number()
	}
	return n
}

// number turns a node into a number if it is written like one. A whole number beyond 64 bits becomes a float.
func (n *node) number() {
	var err error
	var i int64
	switch {
	case decimalPattern.MatchString(n.raw):
		i, err = strconv.ParseInt(n.raw, 10, 64)
	case octalPattern.MatchString(n.raw):
		i, err = strconv.ParseInt(n.raw[2:], 8, 64)
	case hexPattern.MatchString(n.raw):
		i, err = strconv.ParseInt(n.raw[2:], 16, 64)
	case floatPattern.MatchString(n.raw):
		n.kind = float
		n.value, _ = strconv.ParseFloat(n.raw, 64) // out of range is an infinity, which the decoder refuses
		return
	default:
		return
	}
	n.kind, n.value = integer, i
	if err != nil { // beyond 64 bits
		n.kind, n.big, n.value = float, true, math.Inf(1)
		if decimalPattern.MatchString(n.raw) {
			n.value, _ = strconv.ParseFloat(n.raw, 64)
		}
	}
}
