package ops

import (
	"fmt"
	"slices"

	"gorgonia.org/tensor"
)

// TokenIDs is what a run reads, one entry per token; the caller sets it before
// each run.
type TokenIDs struct {
	IDs   []int32
	Types []int32 // nil: all 0
}

// EmbedConfig sets an embedding.
type EmbedConfig struct {
	// FirstPosition is the row of the position table for the first token of a
	// sequence (RoBERTa begins behind its padding id).
	FirstPosition int
}

// Embed adds the sum of three rows per token, picked by its id, its position in
// its sequence and its type.
//
//	word (V, H), position (P, H), types (K, H) or nil  ->  (tokens, H)
//
// The gradients of the tables are zero in the rows that no token has picked;
// see SparseRows.
func (b *Builder[T]) Embed(ids *TokenIDs, word, position, types *Node, c EmbedConfig) *Node {
	in := []*Node{word, position}
	if types != nil {
		in = append(in, types)
	}
	if !b.ready("embed", []int{2, 2, 2}, in...) {
		return nil
	}
	width := word.Shape()[1]
	for _, n := range in {
		if n.Shape()[1] != width {
			return b.fail("embed: tables of widths %d and %d", width, n.Shape()[1])
		}
	}
	if b.seqs == nil {
		return b.fail("embed: the graph has no tokens")
	}
	e := &embed[T]{k: b.k, seqs: b.seqs, ids: ids, cfg: c, width: width}
	sparse := map[int]*[]int32{}
	for i, n := range in {
		t := &table{rows: n.Shape()[0], picks: room[int32](b, b.seqs.limit), seen: room[bool](b, n.Shape()[0])}
		e.tables = append(e.tables, t)
		sparse[i] = &t.touched
	}
	return b.apply(kernel[T]{name: "embed", forward: e.forward, backward: e.backward, rows: &b.seqs.tokens, sparse: sparse},
		tensor.Shape{b.seqs.limit, width}, in...)
}

type embed[T Float] struct {
	k      kernels[T]
	seqs   *Sequences
	ids    *TokenIDs
	cfg    EmbedConfig
	width  int
	tables []*table // word, position, type
}

// table is one table of rows.
type table struct {
	rows    int
	picks   []int32 // row of each token
	seen    []bool  // scratch
	touched []int32 // rows of the gradient that were written, ascending
}

// pick looks up the rows of all tokens.
func (e *embed[T]) pick() error {
	n := e.seqs.tokens
	if len(e.ids.IDs) != n || (e.ids.Types != nil && len(e.ids.Types) != n) {
		return fmt.Errorf("%d ids and %d types for %d tokens", len(e.ids.IDs), len(e.ids.Types), n)
	}
	for s := range e.seqs.Len() {
		from, to := int(e.seqs.starts[s]), int(e.seqs.starts[s+1])
		for t := from; t < to; t++ {
			row := [3]int{int(e.ids.IDs[t]), e.cfg.FirstPosition + t - from, 0}
			if e.ids.Types != nil {
				row[2] = int(e.ids.Types[t])
			}
			for i, table := range e.tables {
				if row[i] < 0 || row[i] >= table.rows {
					return fmt.Errorf("token %d of sequence %d: %s %d, the table has rows 0 to %d",
						t-from, s, [3]string{"id", "position", "type"}[i], row[i], table.rows-1)
				}
				table.picks[t] = int32(row[i])
			}
		}
	}
	return nil
}

func (e *embed[T]) forward(in [][]T, out []T) error {
	if err := e.pick(); err != nil {
		return err
	}
	for t := range e.seqs.tokens {
		y := out[t*e.width : (t+1)*e.width]
		for i, table := range e.tables {
			row := in[i][int(table.picks[t])*e.width:][:e.width]
			if i == 0 {
				copy(y, row)
				continue
			}
			e.k.Axpy(1, row, y)
		}
	}
	return nil
}

// backward adds each token's gradient to the rows it has picked, in the order of
// the tokens, after clearing the rows that the last run has written.
func (e *embed[T]) backward(_ [][]T, _, grad []T, d [][]T) error {
	for i, table := range e.tables {
		if d[i] == nil {
			continue
		}
		row := func(r int32) []T { return d[i][int(r)*e.width:][:e.width] }
		for _, r := range table.touched {
			clear(row(r))
		}
		table.touched = table.touched[:0]
		for t, r := range table.picks[:e.seqs.tokens] {
			e.k.Axpy(1, grad[t*e.width:(t+1)*e.width], row(r))
			if !table.seen[r] {
				table.seen[r] = true
				table.touched = append(table.touched, r)
			}
		}
		for _, r := range table.touched {
			table.seen[r] = false
		}
		slices.Sort(table.touched)
	}
	return nil
}
