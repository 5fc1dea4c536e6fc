package expr

import (
	"strconv"
	"strings"
	"unicode"
)

// kind is the kind of a token: an operator or a word is its own kind.
type kind string

const (
	end    kind = "the end"
	number kind = "number"
	text   kind = "text"
	name   kind = "name"
)

// token is a piece of an expression.
type token struct {
	kind   kind
	column int
	raw    string
	value  float64 // of a number
}

var words = []string{"and", "or", "not", "true", "false"}

var operators = []string{"<=", ">=", "==", "!=", "<", ">", "+", "-", "*", "/", "(", ")"}

// foreign are signs of other languages, with what they are here.
var foreign = []struct{ sign, hint string }{
	{"**", "multiply the value with itself"}, {"&&", "write and"}, {"||", "write or"}, {"=", "write =="}, {"!", "write not"}, {"<>", "write !="},
	{"^", "multiply the value with itself"}, {"%", "there is no remainder"},
}

// scan cuts an expression into tokens, the last one being the end.
func scan(source string) ([]token, *Error) {
	var out []token
	s := []rune(source)
	for i := 0; i < len(s); {
		if unicode.IsSpace(s[i]) {
			i++
			continue
		}
		t, n, err := next(s[i:], i+1)
		if err != nil {
			return nil, err
		}
		out = append(out, t)
		i += n
	}
	return append(out, token{kind: end, column: len(s) + 1}), nil
}

// next is the token that s begins with, and its length.
func next(s []rune, column int) (token, int, *Error) {
	switch c := s[0]; {
	case c == '"' || c == '\'' || c == '`':
		return quoted(s, column)
	case isDigit(c) || c == '.' && len(s) > 1 && isDigit(s[1]):
		return numeral(s, column)
	case isLetter(c):
		n := 1
		for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '.') {
			n++
		}
		return word(string(s[:n]), column), n, nil
	}
	head := string(s[:min(2, len(s))])
	for _, f := range foreign[:2] { // before the operators they begin with
		if strings.HasPrefix(head, f.sign) {
			return token{}, 0, wrong(column, f.hint, "%s is no operator", f.sign)
		}
	}
	for _, op := range operators {
		if strings.HasPrefix(head, op) && head != "<>" {
			return token{kind: kind(op), column: column, raw: op}, len(op), nil
		}
	}
	for _, f := range foreign {
		if strings.HasPrefix(head, f.sign) {
			return token{}, 0, wrong(column, f.hint, "%s is no operator", f.sign)
		}
	}
	return token{}, 0, wrong(column, "", "%q has no meaning here", string(s[:1]))
}

func word(raw string, column int) token {
	for _, w := range words {
		if raw == w {
			return token{kind: kind(w), column: column, raw: raw}
		}
	}
	return token{kind: name, column: column, raw: raw}
}

// quoted is a text, or a name in backquotes. There are no escapes: the other quote can hold either.
func quoted(s []rune, column int) (token, int, *Error) {
	for n := 1; n < len(s); n++ {
		if s[n] != s[0] {
			continue
		}
		k := text
		if s[0] == '`' {
			k = name
		}
		return token{kind: k, column: column, raw: string(s[1:n])}, n + 1, nil
	}
	return token{}, 0, wrong(column, "close it", "the quote %c is not closed", s[0])
}

// numeral is a number as YAML writes it: digits, a point, an exponent.
func numeral(s []rune, column int) (token, int, *Error) {
	n := 0
	for n < len(s) && (isDigit(s[n]) || isLetter(s[n]) || s[n] == '.' || (s[n] == '-' || s[n] == '+') && (s[n-1] == 'e' || s[n-1] == 'E')) {
		n++
	}
	raw := string(s[:n])
	v, err := strconv.ParseFloat(raw, 64)
	if err != nil || strings.ContainsAny(raw, "xX_pP") {
		return token{}, 0, wrong(column, "write it like 8192, 0.5 or 1e-3", "%q is no number", raw)
	}
	return token{kind: number, column: column, raw: raw, value: v}, n, nil
}

func isDigit(c rune) bool  { return c >= '0' && c <= '9' }
func isLetter(c rune) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' }
