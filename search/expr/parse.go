package expr

// node is an expression as it was written: an operator with its operands, or a leaf without.
type node struct {
	token
	operands []*node
}

// Bounds of an expression, so that whatever somebody sends is cheap to refuse.
const (
	maxLength = 4096
	maxDepth  = 100
)

// parser descends through the grammar of the package comment.
type parser struct {
	tokens []token
	at     int
	depth  int
}

func parse(source string) (*node, *Error) {
	if len(source) > maxLength {
		return nil, wrong(maxLength, "split it into several constraints", "the expression is longer than %d characters", maxLength)
	}
	tokens, err := scan(source)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	if p.peek().kind == end {
		return nil, wrong(1, "write one like batch_size * max_length <= 8192", "the expression is empty")
	}
	n, err := p.or()
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, unexpected(t)
	}
	return n, nil
}

func unexpected(t token) *Error {
	switch {
	case t.kind == end:
		return wrong(t.column, "", "the expression ends where a value is expected")
	case isComparison(t.kind):
		return wrong(t.column, "join two comparisons by and: 1 <= a and a <= 5", "a second comparison: %s", t.raw)
	case t.kind == ")":
		return wrong(t.column, "take it out, or open one", "the parenthesis was not opened")
	}
	return wrong(t.column, "", "%q stands where an operator is expected", t.raw)
}

func (p *parser) peek() token { return p.tokens[p.at] }

// take is the next token if it is one of the kinds.
func (p *parser) take(kinds ...kind) (token, bool) {
	for _, k := range kinds {
		if t := p.tokens[p.at]; t.kind == k {
			p.at++
			return t, true
		}
	}
	return token{}, false
}

// left parses operands joined by left-associative operators.
func (p *parser) left(operand func() (*node, *Error), kinds ...kind) (*node, *Error) {
	n, err := operand()
	for err == nil {
		t, ok := p.take(kinds...)
		if !ok {
			return n, nil
		}
		var right *node
		right, err = operand()
		n = &node{t, []*node{n, right}}
	}
	return nil, err
}

func (p *parser) or() (*node, *Error)  { return p.left(p.and, "or") }
func (p *parser) and() (*node, *Error) { return p.left(p.not, "and") }

func (p *parser) not() (*node, *Error) {
	t, ok := p.take("not")
	if !ok {
		return p.comparison()
	}
	return p.nested(t, p.not)
}

// nested parses the operand of a prefix operator.
func (p *parser) nested(t token, operand func() (*node, *Error)) (*node, *Error) {
	if p.depth++; p.depth > maxDepth {
		return nil, wrong(t.column, "split it into several constraints", "the expression nests deeper than %d", maxDepth)
	}
	n, err := operand()
	if err != nil {
		return nil, err
	}
	p.depth--
	return &node{t, []*node{n}}, nil
}

var comparisons = []kind{"<", "<=", ">", ">=", "==", "!="}

func isComparison(k kind) bool {
	for _, c := range comparisons {
		if c == k {
			return true
		}
	}
	return false
}

func (p *parser) comparison() (*node, *Error) {
	n, err := p.sum()
	if err != nil {
		return nil, err
	}
	t, ok := p.take(comparisons...)
	if !ok {
		return n, nil
	}
	right, err := p.sum()
	return &node{t, []*node{n, right}}, err
}

func (p *parser) sum() (*node, *Error)     { return p.left(p.product, "+", "-") }
func (p *parser) product() (*node, *Error) { return p.left(p.unary, "*", "/") }

func (p *parser) unary() (*node, *Error) {
	if t, ok := p.take("-"); ok {
		return p.nested(t, p.unary)
	}
	if t, ok := p.take(number, text, "true", "false", name); ok {
		return &node{token: t}, nil
	}
	t, ok := p.take("(")
	if !ok {
		return nil, noValue(p.peek())
	}
	n, err := p.nested(t, p.or)
	if err != nil {
		return nil, err
	}
	if _, closed := p.take(")"); !closed {
		if next := p.peek(); next.kind != end {
			return nil, unexpected(next)
		}
		return nil, wrong(t.column, "close it", "the parenthesis is not closed")
	}
	return n.operands[0], nil
}

func noValue(t token) *Error {
	if t.kind == end {
		return unexpected(t)
	}
	return wrong(t.column, "", "%q stands where a value is expected", t.raw)
}
