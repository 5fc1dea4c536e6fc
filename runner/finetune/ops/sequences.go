package ops

import "fmt"

// Sequences says how the tokens of a run fall into the rows of its batch: the
// sequences lie one behind the other ("packed"), without padding between them.
type Sequences struct {
	limit, batch int
	starts       []int32 // where each sequence starts, then the number of tokens
	tokens       int
}

// Sequences adds token rows to a graph: at most maxTokens in all sequences of a
// batch together. A graph has one such set.
func (b *Builder[T]) Sequences(maxTokens int) *Sequences {
	if b.seqs != nil || maxTokens < b.batch {
		b.fail("sequences: %d tokens for a batch of %d", maxTokens, b.batch)
	}
	b.seqs = &Sequences{limit: maxTokens, batch: b.batch, starts: make([]int32, 1, b.batch+1)}
	return b.seqs
}

// Set sets the length of each sequence of the next run, all 1 or more.
func (s *Sequences) Set(lengths []int32) error {
	if len(lengths) < 1 || len(lengths) > s.batch {
		return fmt.Errorf("ops: %d sequences, the graph holds 1 to %d", len(lengths), s.batch)
	}
	starts, tokens := s.starts[:1], 0
	for i, n := range lengths {
		if tokens += int(n); n < 1 || tokens > s.limit {
			return fmt.Errorf("ops: sequence %d of %d tokens ends at token %d, the graph holds %d", i, n, tokens, s.limit)
		}
		starts = append(starts, int32(tokens))
	}
	s.starts, s.tokens = starts, tokens
	return nil
}

// Len is the number of sequences.
func (s *Sequences) Len() int { return len(s.starts) - 1 }

// Tokens is the number of tokens.
func (s *Sequences) Tokens() int { return s.tokens }

// TokenInput adds a leaf that aliases data, one row of width elements per token.
// It has no gradient.
func (b *Builder[T]) TokenInput(name string, data []T, width int) *Node {
	if b.seqs == nil {
		return b.fail("%s: the graph has no tokens", name)
	}
	n := b.Input(name, data, b.seqs.limit, width)
	b.rows[n] = &b.seqs.tokens
	return n
}

// tokenReady reports an input that has no token rows.
func (b *Builder[T]) tokenReady(name string, x *Node) bool {
	if b.seqs == nil || b.rowsOf(x) != &b.seqs.tokens {
		b.fail("%s: the input has a row per sequence, not per token", name)
		return false
	}
	return true
}
