package ops

import (
	"fmt"

	"gorgonia.org/tensor"
)

// lossRoom is about how many logits of a language model are held at a time.
const lossRoom = 16 << 20

// TokenScores is what a run of NextToken has found, beside its loss: for each
// sequence two numbers, the sum over its predictions of -log p, and how many of
// them gave the right token the highest probability. Live.
type TokenScores[T Float] struct{ Values []T }

// NextToken adds the loss of a causal language model: the mean, over all tokens
// but the last of each sequence, of
//
//	-log softmax(W x_t)_id(t+1)
//
// for x (tokens, H) and w (V, H), with the ids of all tokens as labels. Sequences
// of one token predict nothing; where there is no prediction, the loss is 0.
//
// Loss and gradients are computed together, some tokens at a time, so that the
// logits (tokens x V) never are in memory as a whole, and none is computed twice
// (as Hsu et al. 2024, "Liger Kernel", section 3.2).
func (b *Builder[T]) NextToken(x, w *Node, t *Targets[T]) (*Node, *TokenScores[T]) {
	if !b.ready("nexttoken", []int{2, 2}, x, w) || !b.tokenReady("nexttoken", x) {
		return nil, nil
	}
	n, h, v := x.Shape()[0], x.Shape()[1], w.Shape()[0]
	if w.Shape()[1] != h {
		return b.fail("nexttoken: input %v and weight %v do not agree", x.Shape(), w.Shape()), nil
	}
	l := &nextToken[T]{k: b.k, seqs: b.seqs, t: t, h: h, v: v, chunk: min(n, max(1, b.lossRoom/v)), scores: room[T](b, 2*b.batch)}
	l.logits = b.shared(0, l.chunk*v)
	l.next, l.top, l.loss = make([]int32, l.chunk), make([]int32, l.chunk), make([]float64, l.chunk)
	return b.apply(kernel[T]{name: "nexttoken", forward: l.forward, backward: l.backward, bind: l.bind}, tensor.Shape{}, x, w),
		&TokenScores[T]{Values: l.scores}
}

type nextToken[T Float] struct {
	k      kernels[T]
	seqs   *Sequences
	t      *Targets[T]
	h, v   int
	chunk  int       // tokens whose logits are held
	logits *[]T      // of these; then the loss's gradient by them
	next   []int32   // the token that follows each of them; -1: none
	top    []int32   // what is predicted
	loss   []float64 // of each of them
	scores []T
	dx, dw []T // where the gradients go; nil where not wanted
}

// bind takes the memory of the gradients, which forward fills.
func (l *nextToken[T]) bind(d [][]T) { l.dx, l.dw = d[0], d[1] }

func (l *nextToken[T]) forward(in [][]T, out []T) error {
	n := l.seqs.tokens
	if len(l.t.Labels) != n {
		return fmt.Errorf("%d labels for %d tokens", len(l.t.Labels), n)
	}
	clear(l.scores)
	sum, predictions, s := 0.0, float64(max(1, n-l.seqs.Len())), 0
	for from := 0; from < n; from += l.chunk {
		m := min(l.chunk, n-from)
		if err := l.follow(from, m, s); err != nil {
			return err
		}
		l.k.Gemm(false, true, m, l.v, l.h, 1, in[0][from*l.h:], l.h, in[1], l.h, 0, *l.logits, l.v)
		l.k.CrossEntropy(m, l.v, *l.logits, l.next, l.loss, l.top)
		for i := range m {
			for from+i >= int(l.seqs.starts[s+1]) {
				s++
			}
			sum += l.loss[i]
			l.scores[2*s] += T(l.loss[i])
			if l.next[i] >= 0 && l.next[i] == l.top[i] {
				l.scores[2*s+1]++
			}
		}
		l.differentiate(in, from, m, T(1/predictions))
	}
	out[0] = T(sum / predictions)
	return nil
}

// follow looks up the token after each of m tokens, the first of which is in
// sequence s or the one after it.
func (l *nextToken[T]) follow(from, m, s int) error {
	for i := range m {
		for from+i >= int(l.seqs.starts[s+1]) {
			s++
		}
		if l.next[i] = -1; from+i+1 == int(l.seqs.starts[s+1]) {
			continue
		}
		l.next[i] = l.t.Labels[from+i+1]
		if id := l.next[i]; id < 0 || int(id) >= l.v {
			return fmt.Errorf("id %d of token %d, the vocabulary has ids 0 to %d", id, from+i+1, l.v-1)
		}
	}
	return nil
}

// differentiate adds what m tokens contribute to the gradients.
func (l *nextToken[T]) differentiate(in [][]T, from, m int, by T) {
	if l.dx != nil {
		l.k.Gemm(false, false, m, l.h, l.v, by, *l.logits, l.v, in[1], l.h, 0, l.dx[from*l.h:], l.h)
	}
	if l.dw != nil {
		var beta T
		if from > 0 {
			beta = 1
		}
		l.k.Gemm(true, false, l.v, l.h, m, by, *l.logits, l.v, in[0][from*l.h:], l.h, beta, l.dw, l.h)
	}
}

// backward finds the gradients where forward has put them, for a loss whose own
// gradient is 1.
func (l *nextToken[T]) backward(_ [][]T, _, grad []T, d [][]T) error {
	if by := grad[0]; by != 1 {
		for _, g := range d {
			for i := range g {
				g[i] *= by
			}
		}
	}
	return nil
}
