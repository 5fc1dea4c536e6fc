package data

import (
	"fmt"
	"slices"

	"automl/runner/finetune/tokenizer"
)

// Tokens are texts as a tokenizer cuts them, one row a text or pair of texts. A network reads them packed, one behind the other.
type Tokens struct {
	by         *tokenizer.Tokenizer
	ids, types []int32
	starts     []int // rows + 1
	first      []int // of blocks: the first row of each text, then the number of rows; nil: a row is a text
}

// Tokens cuts the texts of a table to at most limit tokens each, those around a text included. An empty text of a tokenizer that puts
// nothing around it is the token that ends a text. The error names the field that is at fault: a limit too small for anything, or
// the text where there is no such token.
func (t *Table) Tokens(by *tokenizer.Tokenizer, limit int) (*Tokens, error) {
	var e tokenizer.Encoding
	out := &Tokens{by: by, starts: make([]int, 1, len(t.Texts)+1)}
	for row, text := range t.Texts {
		var err error
		if t.Pairs != nil {
			err = by.AppendPair(&e, text, t.Pairs[row], limit)
		} else {
			err = by.Append(&e, text, limit)
		}
		if err != nil {
			return nil, &Error{Field: "parameters.max_tokens", Msg: fmt.Sprintf("%d: %v", limit, err), Err: err}
		}
		if len(e.IDs) == out.starts[row] {
			end, ok := by.End()
			if !ok {
				return nil, t.src.fault(t.Lines[row], "the tokenizer makes nothing of the text").of(fieldText).hint("leave empty rows out")
			}
			e.IDs, e.TypeIDs = append(e.IDs, end), append(e.TypeIDs, 0)
		}
		out.starts = append(out.starts, len(e.IDs))
	}
	out.ids, out.types = e.IDs, e.TypeIDs
	return out, nil
}

// Blocks cuts the texts of a table into blocks of at most limit tokens, at least 2, for a network that predicts each next token: a row
// is a block. The token that ends a text follows on each, unless there is none. A block begins with the last token of the one before,
// so that every token of a text but its first is predicted once. A text of one token predicts nothing and has no block.
func (t *Table) Blocks(by *tokenizer.Tokenizer, limit int) (*Tokens, error) {
	if limit < 2 {
		return nil, &Error{Field: "parameters.max_tokens", Msg: fmt.Sprintf("in blocks of %d tokens nothing can be predicted", limit), Hint: "at least 2"}
	}
	var e tokenizer.Encoding
	out := &Tokens{by: by, starts: []int{0}, first: []int{0}}
	end, ends := by.End()
	for _, text := range t.Texts {
		e.Reset()
		if err := by.Append(&e, text, 0); err != nil {
			return nil, &Error{Field: fieldText, Msg: err.Error(), Err: err}
		}
		if n := len(e.IDs); ends && (n == 0 || e.IDs[n-1] != end) {
			e.IDs = append(e.IDs, end)
		}
		for from := 0; from+1 < len(e.IDs); from += limit - 1 {
			out.ids = append(out.ids, e.IDs[from:min(from+limit, len(e.IDs))]...)
			out.starts = append(out.starts, len(out.ids))
		}
		out.first = append(out.first, out.Rows())
	}
	out.types = make([]int32, len(out.ids))
	if out.Rows() == 0 {
		return nil, t.src.fault(0, "no text has two tokens, of which one could be predicted").of(fieldText)
	}
	return out, nil
}

// Of are the rows that some texts have become, in the order of the texts.
func (t *Tokens) Of(texts []int) []int {
	if t.first == nil {
		return texts
	}
	var rows []int
	for _, text := range texts {
		for row := t.first[text]; row < t.first[text+1]; row++ {
			rows = append(rows, row)
		}
	}
	return rows
}

// Rows is the number of texts, or of blocks.
func (t *Tokens) Rows() int { return len(t.starts) - 1 }

// Row is the token ids of a text and the segment each belongs to. Both are read-only.
func (t *Tokens) Row(row int) (ids, types []int32) {
	from, to := t.starts[row], t.starts[row+1]
	return t.ids[from:to:to], t.types[from:to:to]
}

// Special reports whether an id is a special token, such as [CLS].
func (t *Tokens) Special(id int32) bool { return t.by.Special(id) }

// Mask is the id of the token that stands for a hidden one, and whether there is one.
func (t *Tokens) Mask() (int32, bool) { return t.by.Mask() }

// Len is how many tokens a text has.
func (t *Tokens) Len(row int) int { return t.starts[row+1] - t.starts[row] }

// Longest is how many tokens the longest text has; 0 without one.
func (t *Tokens) Longest() int {
	longest := 0
	for row := range t.Rows() {
		longest = max(longest, t.Len(row))
	}
	return longest
}

// Highest is the largest id; 0 without any.
func (t *Tokens) Highest() int32 {
	highest := int32(0)
	for _, id := range t.ids {
		highest = max(highest, id)
	}
	return highest
}

// Most is how many tokens some of the rows, so many at a time, have at most.
func (t *Tokens) Most(rows []int, batch int) int {
	lengths := make([]int, len(rows))
	for i, row := range rows {
		lengths[i] = t.Len(row)
	}
	slices.SortFunc(lengths, func(a, b int) int { return b - a })
	most := 0
	for _, n := range lengths[:min(batch, len(lengths))] {
		most += n
	}
	return most
}
