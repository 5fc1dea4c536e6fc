package ops

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// nextTokens is a problem of predicting the tokens of textLengths.
func nextTokens[T Float](room int) *problem[T] {
	rng := rand.New(rand.NewPCG(71, 71))
	p := &problem[T]{batch: 3, fixed: map[string]bool{}}
	p.leaf(rng, "x", textTokens, 6)
	p.leaf(rng, "w", 7, 6)
	p.build = func(b *Builder[T], l map[string]*Node) *Node {
		tokenLeaf(b, l["x"])
		b.lossRoom = room
		loss, _ := b.NextToken(l["x"], l["w"], &Targets[T]{Labels: []int32{3, 1, 3, 0, 6, 5, 3, 1, 1}})
		return loss
	}
	return p
}

func TestNextTokenGradient(t *testing.T) {
	for _, room := range []int{1 << 20, 7 * 4, 1} { // all tokens at a time, some, one
		finite(t, nextTokens[float64](room), 3)
	}
	p := nextTokens[float64](7 * 4)
	p.fixed["w"] = true
	finite(t, p, 3)
	p.fixed = map[string]bool{"x": true}
	finite(t, p, 3)
}

func TestNextTokenPrecision(t *testing.T) {
	want, got := nextTokens[float64](28).compile(t), nextTokens[float32](28).compile(t)
	if a, b := want.run(t, 3), got.run(t, 3); !(math.Abs(a-b) < 1e-6) {
		t.Errorf("loss %v in float32, %v in float64", b, a)
	}
	for name, w := range want.grads {
		for i, v := range w {
			if !(math.Abs(v-float64(got.grads[name][i])) < 1e-6) {
				t.Errorf("gradient %d of %s is %v in float32, %v in float64", i, name, got.grads[name][i], v)
			}
		}
	}
}

// The scores of sequences are by hand: weights of 0 make all tokens alike.
func TestNextTokenScores(t *testing.T) {
	b := NewBuilder[float64](3)
	seqs, labels := b.Sequences(6), &Targets[float64]{}
	x := b.TokenInput("x", []float64{1, 1, 1, 1, 1, 1}, 1)
	loss, scores := b.NextToken(x, b.Param("w", []float64{0, 0, 0, 0}, false, 4, 1), labels)
	m, err := b.Compile()
	if err != nil {
		t.Fatal(err)
	}
	run := func(lengths, ids []int32) (float64, error) {
		labels.Labels = ids
		if err := seqs.Set(lengths); err != nil {
			t.Fatal(err)
		}
		err := m.Run(len(lengths), 0)
		v, _ := Values[float64](loss)
		return v[0], err
	}
	log4 := math.Log(4)
	got, err := run([]int32{3, 1, 2}, []int32{3, 0, 1, 2, 1, 0})
	if err != nil || math.Abs(got-log4) > 1e-12 {
		t.Errorf("loss %v, want log 4: %v", got, err)
	}
	if want := []float64{2 * log4, 1, 0, 0, log4, 1}; !slices.EqualFunc(scores.Values, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-12 }) {
		t.Errorf("scores %v, want %v", scores.Values, want)
	}
	if got, err := run([]int32{1, 1}, []int32{3, 0}); err != nil || got != 0 || scores.Values[4] != 0 {
		t.Errorf("loss %v without predictions, scores %v: %v", got, scores.Values, err)
	}
	for want, ids := range map[string][]int32{"id 4 of token 1, the vocabulary has ids 0 to 3": {3, 4}, "id -1": {3, -1}, "1 labels for 2 tokens": {3}} {
		if _, err := run([]int32{2}, ids); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}
