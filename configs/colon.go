package configs

import (
	"strings"

	"github.com/goccy/go-yaml/token"
)

const blanks = " \t\r\n"

// glued reports whether a colon stands between two plain words, as in [a:b]. That is one text in YAML; the parser makes a key
// of it.
func glued(t *token.Token) bool {
	p, n := t.Prev, t.Next
	if p == nil || n == nil || p.Type == token.DoubleQuoteType || p.Type == token.SingleQuoteType {
		return false
	}
	switch n.Type {
	case token.MappingEndType, token.SequenceEndType, token.CollectEntryType:
		return false
	}
	blankBehind := strings.TrimLeft(n.Origin, blanks) != n.Origin
	blankBefore := strings.TrimRight(p.Origin, blanks) != p.Origin
	return n.Position.Line == t.Position.Line && !blankBehind && !blankBefore
}

// mendColons puts the plain texts with a colon together again that the parser cuts in two in a list inside of a section:
// {command: [fetch, http://host:80]}.
func mendColons(tokens token.Tokens) token.Tokens {
	var out token.Tokens
	var open []token.Type
	for i := 0; i < len(tokens); i++ {
		t := tokens[i]
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			open = append(open, t.Type)
		case token.MappingEndType, token.SequenceEndType:
			open = open[:max(0, len(open)-1)]
		case token.MappingValueType:
			inList := len(open) > 0 && open[len(open)-1] == token.SequenceStartType
			if inList && glued(t) && len(out) > 0 && isPlain(out[len(out)-1]) && isPlain(t.Next) {
				out[len(out)-1] = merged(out[len(out)-1], t.Next)
				i++ // what is behind the colon is used up
				continue
			}
		}
		out = append(out, t)
	}
	for i, t := range out {
		t.Prev, t.Next = nil, nil
		if i > 0 {
			t.Prev, out[i-1].Next = out[i-1], t
		}
	}
	return out
}

// isPlain reports whether a token is a scalar without quotes.
func isPlain(t *token.Token) bool {
	switch t.Type {
	case token.StringType, token.IntegerType, token.FloatType, token.BoolType, token.NullType, token.OctetIntegerType,
		token.HexIntegerType, token.BinaryIntegerType, token.InfinityType, token.NanType:
		return true
	}
	return false
}

// merged is two halves of a text with the colon between them.
func merged(a, b *token.Token) *token.Token {
	out := *a
	out.Type, out.CharacterType, out.Indicator = token.StringType, token.CharacterTypeMiscellaneous, token.NotIndicator
	out.Value += ":" + b.Value
	out.Origin += ":" + b.Origin
	return &out
}
