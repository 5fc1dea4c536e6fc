package tokenizer

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
)

// bare is what no post-processor makes of one text and of a pair.
func bare() (single, pair template) {
	return template{pieces: []piece{{text: 0}}}, template{pieces: []piece{{text: 0}, {text: 1, typeID: 1}}}
}

// around is BERT's single and pair template, [CLS] A [SEP] B [SEP], or RoBERTa's, <s> A </s></s> B </s>.
func around(cls, sep int32, roberta bool) (single, pair template) {
	first := []piece{{text: -1, special: []int32{cls}}, {text: 0}, {text: -1, special: []int32{sep}}}
	second := []piece{{text: 1, typeID: 1}, {text: -1, special: []int32{sep}, typeID: 1}}
	if roberta {
		second = []piece{{text: -1, special: []int32{sep}}, {text: 1}, {text: -1, special: []int32{sep}}}
	}
	return template{pieces: first}, template{pieces: slices.Concat(first, second)}
}

func (p *parts) readPostProcessor(raw json.RawMessage) error {
	p.single, p.pair = bare()
	_, err := p.process(raw)
	return err
}

// process applies one post-processor, and reports whether it changed the templates.
func (p *parts) process(raw json.RawMessage) (changed bool, err error) {
	if null(raw) {
		return false, nil
	}
	kind, err := kindOf(raw)
	if err != nil {
		return false, err
	}
	switch kind {
	case "ByteLevel": // trims offsets, which are not kept here
		return false, nil
	case "BertProcessing", "RobertaProcessing":
		var b struct{ Sep, Cls namedID }
		if err := decode(raw, &b); err != nil {
			return false, err
		}
		p.single, p.pair = around(b.Cls.id, b.Sep.id, kind == "RobertaProcessing")
		return true, nil
	case "TemplateProcessing":
		return true, p.readTemplates(raw)
	case "Sequence":
		return p.sequence(raw)
	}
	return false, fmt.Errorf("type %q is not supported (supported: null, BertProcessing, RobertaProcessing, TemplateProcessing, ByteLevel, Sequence)", kind)
}

// sequence applies several, one of which may change the templates.
func (p *parts) sequence(raw json.RawMessage) (changed bool, err error) {
	var s struct{ Processors []json.RawMessage }
	if err := decode(raw, &s); err != nil {
		return false, err
	}
	for i, r := range s.Processors {
		if kind, _ := kindOf(r); kind == "Sequence" {
			return false, fmt.Errorf("processors[%d]: a Sequence in a Sequence is not supported", i)
		}
		c, err := p.process(r)
		if err != nil {
			return false, fmt.Errorf("processors[%d]: %w", i, err)
		}
		if c && changed {
			return false, fmt.Errorf("processors[%d]: a second one that adds tokens is not supported", i)
		}
		changed = changed || c
	}
	return changed, nil
}

// namedID is a pair ["[SEP]", 102].
type namedID struct{ id int32 }

// UnmarshalJSON reads the pair.
func (n *namedID) UnmarshalJSON(b []byte) error {
	var name string
	pair := []any{&name, &n.id}
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	if len(pair) != 2 || n.id < 0 {
		return fmt.Errorf("%s is not a pair of a token and its id", b)
	}
	return nil
}

type pieceJSON struct {
	Sequence *struct {
		ID     string `json:"id"`
		TypeID int64  `json:"type_id"`
	}
	SpecialToken *struct {
		ID     string `json:"id"`
		TypeID int64  `json:"type_id"`
	}
}

func (p *parts) readTemplates(raw json.RawMessage) error {
	var t struct {
		Single, Pair []pieceJSON
		Tokens       map[string]struct{ IDs []int64 } `json:"special_tokens"`
	}
	if err := decode(raw, &t); err != nil {
		return err
	}
	special := map[string][]int32{}
	for name, token := range t.Tokens {
		special[name] = nil
		for _, id := range token.IDs {
			if id < 0 || id >= math.MaxInt32 {
				return fmt.Errorf("special_tokens[%q]: id %d lies outside 0..%d", name, id, math.MaxInt32-1)
			}
			special[name] = append(special[name], int32(id))
		}
	}
	var err error
	if p.single.pieces, err = pieces(t.Single, special); err != nil {
		return fmt.Errorf("single%w", err)
	}
	if p.pair.pieces, err = pieces(t.Pair, special); err != nil {
		return fmt.Errorf("pair%w", err)
	}
	return nil
}

// pieces resolves the names in a template.
func pieces(in []pieceJSON, special map[string][]int32) ([]piece, error) {
	var out []piece
	for i, x := range in {
		var p piece
		var typeID int64
		switch {
		case x.Sequence != nil && x.Sequence.ID == "A":
			p.text, typeID = 0, x.Sequence.TypeID
		case x.Sequence != nil && x.Sequence.ID == "B":
			p.text, typeID = 1, x.Sequence.TypeID
		case x.SpecialToken != nil:
			ids, known := special[x.SpecialToken.ID]
			if !known {
				return nil, fmt.Errorf("[%d]: %q is not one of the special_tokens", i, x.SpecialToken.ID)
			}
			p.text, p.special, typeID = -1, ids, x.SpecialToken.TypeID
		default:
			return nil, fmt.Errorf("[%d]: is neither the sequence A or B nor a special token", i)
		}
		if typeID < 0 || typeID > math.MaxInt32 {
			return nil, fmt.Errorf("[%d]: type_id %d lies outside 0..%d", i, typeID, math.MaxInt32)
		}
		p.typeID = int32(typeID)
		out = append(out, p)
	}
	return out, nil
}
