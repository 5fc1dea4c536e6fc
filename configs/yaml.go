package configs

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

const (
	// maxBytes is the largest document that is read, maxYAML the largest that is not JSON.
	maxBytes = 16 << 20
	maxYAML  = 1 << 20
	// maxKeys bounds the keys of a YAML document: the parser's time grows with the square of the keys of a section.
	maxKeys = 10_000
)

// syntax makes an error about the form of the document.
func (s *source) syntax(at place, format string, args ...any) *Error {
	return &Error{File: s.file, Line: at.line, Column: at.column, Msg: fmt.Sprintf(format, args...)}
}

// parse turns the bytes of a document into a tree.
func parse(s *source, data []byte) (*node, *Error) {
	if len(data) > maxBytes {
		return nil, s.syntax(place{}, "the file is larger than 16 MiB, the most a sweep file may have")
	}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	if wrong := checkBytes(s, data); wrong != nil {
		return nil, wrong
	}
	if looksLikeJSON(data) && json.Valid(data) {
		return parseJSON(s, data)
	}
	if len(data) > maxYAML {
		if looksLikeJSON(data) {
			return nil, jsonError(s, data)
		}
		return nil, s.syntax(place{}, "the file is larger than 1 MiB, the most a sweep file may have that is not JSON").
			withHint("put a long list of candidates into a CSV file: candidates: trials.csv")
	}
	y := &yamlReader{source: s, lines: strings.Split(string(data), "\n")}
	wrong := y.checkTabs()
	var root *node
	if wrong == nil {
		root, wrong = y.parse(data)
	}
	if wrong != nil && looksLikeJSON(data) && !isYAML(s.file) {
		return nil, jsonError(s, data)
	}
	return root, wrong
}

// looksLikeJSON reports whether a document begins like an object of JSON. One of YAML may, too.
func looksLikeJSON(data []byte) bool {
	first := bytes.TrimLeft(data, " \t\r\n")
	return len(first) > 0 && first[0] == '{'
}

// checkBytes refuses what is not text: bytes that are no UTF-8, and control characters.
func checkBytes(s *source, data []byte) *Error {
	at := place{1, 1}
	for len(data) > 0 {
		r, size := utf8.DecodeRune(data)
		switch {
		case r == utf8.RuneError && size == 1:
			return s.syntax(at, "byte 0x%02x is no UTF-8", data[0]).withHint("save the file as UTF-8 text")
		case r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0x7f:
			return s.syntax(at, "the control character 0x%02x is not allowed", r)
		}
		data = data[size:]
		at.column++
		if r == '\n' {
			at.line, at.column = at.line+1, 1
		}
	}
	return nil
}

// yamlReader turns YAML into nodes.
type yamlReader struct {
	source    *source
	lines     []string
	kept      int // the line of keptRunes
	keptRunes []rune
}

// checkTabs refuses a tab in the indentation, the one mistake of which the parser's message is not clear.
func (y *yamlReader) checkTabs() *Error {
	for i, line := range y.lines {
		indent := line[:len(line)-len(strings.TrimLeft(line, " \t"))]
		if tab := strings.IndexByte(indent, '\t'); tab >= 0 && strings.TrimSpace(line) != "" {
			return y.source.syntax(place{i + 1, tab + 1}, "a tab in the indentation").withHint("YAML is indented with spaces")
		}
	}
	return nil
}

// parse reads one document. The parser recurses and backtracks without bounds, so the tokens are checked first; and it is
// kept from taking the process down whatever it is given.
func (y *yamlReader) parse(data []byte) (root *node, wrong *Error) {
	defer func() {
		if r := recover(); r != nil {
			root, wrong = nil, y.source.syntax(place{}, "the file cannot be read as YAML")
		}
	}()
	tokens := mendColons(lexer.Tokenize(string(data)))
	if wrong := y.checkTokens(tokens); wrong != nil {
		return nil, wrong
	}
	// A key that stands twice is found by the decoder, which says where the first one is.
	file, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, y.parserError(err)
	}
	var body ast.Node
	for _, d := range file.Docs {
		switch {
		case d.Body == nil:
		case body != nil:
			return nil, y.source.syntax(y.place(d.Start), "a second document begins").withHint("one file holds one sweep")
		default:
			body = d.Body
		}
	}
	if body == nil {
		return nil, y.source.syntax(place{1, 1}, "the file is empty").withHint("a sweep needs objective, parameters, epochs and trainer")
	}
	return y.node(body, 0)
}

// parserError keeps the parser's message and place, and drops its picture of the source.
func (y *yamlReader) parserError(err error) *Error {
	var syntax *yaml.SyntaxError
	if !errors.As(err, &syntax) {
		return y.source.syntax(place{}, "%v", err)
	}
	return y.source.syntax(y.place(syntax.Token), "%s", syntax.Message)
}

// checkTokens refuses the parts of YAML that sweep files do without, and nesting too deep for the parser's recursion.
func (y *yamlReader) checkTokens(tokens token.Tokens) *Error {
	depth, keys, line, inLine := 0, 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, inLine = t.Position.Line, 0
		}
		switch t.Type {
		case token.AnchorType, token.AliasType, token.MergeKeyType, token.TagType, token.DirectiveType, token.MappingKeyType:
			return y.refused(t)
		case token.MappingStartType, token.SequenceStartType:
			depth++
		case token.MappingEndType, token.SequenceEndType:
			depth--
		case token.SequenceEntryType:
			inLine++
		case token.MappingValueType:
			keys++
			if depth > 0 && glued(t) {
				return y.source.syntax(y.place(t), "a colon inside [] or {} without a blank behind it").
					withHint("a text with a colon needs quotes there, a key needs the blank")
			}
		}
		if depth > maxDepth || inLine > maxDepth {
			return y.source.syntax(y.place(t), "lists and sections nest deeper than %d", maxDepth)
		}
		if keys > maxKeys {
			return y.source.syntax(y.place(t), "more than %d keys", maxKeys).withHint("write a document of this size as JSON")
		}
	}
	return nil
}

// refused is the error for a part of YAML that is not taken.
func (y *yamlReader) refused(t *token.Token) *Error {
	what := map[token.Type]string{
		token.AnchorType: "anchors (&)", token.AliasType: "aliases (*)", token.MergeKeyType: "merge keys (<<)",
		token.TagType: "tags (!)", token.DirectiveType: "directives (%)", token.MappingKeyType: "complex keys (?)",
	}[t.Type]
	return y.source.syntax(y.place(t), "%s are not allowed", what).withHint("write the value out; a text with this character needs quotes")
}

// maxLook bounds how far to the left the beginning of a token is looked for, and how much of it is compared.
const maxLook = 64

// place is where a token begins. The parser's columns are off by the blanks behind a scalar, so it is looked for to the left.
func (y *yamlReader) place(t *token.Token) place {
	if t == nil || t.Position == nil {
		return place{}
	}
	at := place{max(t.Position.Line, 1), max(t.Position.Column, 1)}
	if at.line > len(y.lines) {
		return place{len(y.lines), 1}
	}
	begin, _, _ := strings.Cut(strings.TrimLeft(t.Origin, " \r\n"), "\n")
	want := []rune(strings.TrimRight(begin, " \r"))
	want = want[:min(len(want), maxLook)]
	line := y.runes(at.line)
	for c := min(at.column, len(line)); c > max(0, at.column-maxLook) && len(want) > 0; c-- {
		if slices.Equal(want, line[c-1:min(len(line), c-1+len(want))]) {
			return place{at.line, c}
		}
	}
	return at
}

// runes is a line as characters; the last one asked for is kept, because tokens come in order.
func (y *yamlReader) runes(line int) []rune {
	if y.kept != line {
		y.kept, y.keptRunes = line, []rune(y.lines[line-1])
	}
	return y.keptRunes
}

// node turns a node of the parser into one of ours.
func (y *yamlReader) node(n ast.Node, depth int) (*node, *Error) {
	at := y.place(n.GetToken())
	if depth > maxDepth {
		return nil, y.source.syntax(at, "lists and sections nest deeper than %d", maxDepth)
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		return y.mapping(at, n, depth)
	case *ast.MappingValueNode:
		return y.mapping(at, &ast.MappingNode{Values: []*ast.MappingValueNode{n}}, depth)
	case *ast.SequenceNode:
		return y.sequence(at, n, depth)
	case *ast.LiteralNode:
		return &node{kind: text, at: at, raw: n.Value.Value, value: n.Value.Value}, nil
	case ast.ScalarNode:
		return scalarNode(n.GetToken(), at), nil
	}
	return nil, y.source.syntax(at, "a %s is not allowed here", strings.ToLower(n.Type().String()))
}

// scalarNode resolves a scalar: what has quotes is text, all else is up to the core schema.
func scalarNode(t *token.Token, at place) *node {
	switch t.Type {
	case token.SingleQuoteType, token.DoubleQuoteType:
		return &node{kind: text, at: at, raw: t.Value, value: t.Value}
	case token.ImplicitNullType:
		return plain("", at)
	}
	return plain(t.Value, at)
}

func (y *yamlReader) mapping(at place, n *ast.MappingNode, depth int) (*node, *Error) {
	out := &node{kind: mapping, at: at}
	for i, v := range n.Values {
		t := v.Key.GetToken()
		keyAt := y.place(t)
		if i == 0 && !n.IsFlowStyle {
			out.at = keyAt // a block begins at its first key
		}
		if _, ok := v.Key.(ast.ScalarNode); !ok {
			return nil, y.source.syntax(keyAt, "a key must be a plain word")
		}
		item, wrong := y.node(v.Value, depth+1)
		if wrong != nil {
			return nil, wrong
		}
		out.keys = append(out.keys, key{t.Value, keyAt})
		out.items = append(out.items, item)
	}
	return out, nil
}

func (y *yamlReader) sequence(at place, n *ast.SequenceNode, depth int) (*node, *Error) {
	out := &node{kind: list, at: at}
	for _, v := range n.Values {
		item, wrong := y.node(v, depth+1)
		if wrong != nil {
			return nil, wrong
		}
		out.items = append(out.items, item)
	}
	return out, nil
}
