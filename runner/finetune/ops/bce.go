package ops

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"
)

// BinaryCrossEntropy adds the scalar loss
//
//	sum_r m_r sum_c w_c y'_rc * -log s(x_rc) + (1 - y'_rc) * -log(1 - s(x_rc)) / (C sum_r m_r)
//
// for logits x (N, C), the logistic function s, row weights m of t and
// y' = (1-e)*y + e/2 of the values y of t in 0..1: what PyTorch's
// BCEWithLogitsLoss computes with the class weights w as pos_weight. If the row
// weights add up to 0, the loss and its gradient are 0.
func (b *Builder[T]) BinaryCrossEntropy(logits *Node, t *Targets[T], c LossConfig) *Node {
	if !b.ready("bce", []int{2}, logits) {
		return nil
	}
	classes := logits.Shape()[1]
	if c.ClassWeights != nil && len(c.ClassWeights) != classes {
		return b.fail("bce: %d class weights for %d classes", len(c.ClassWeights), classes)
	}
	if !(c.LabelSmoothing >= 0 && c.LabelSmoothing <= 1) {
		return b.fail("bce: label smoothing %v, want 0 to 1", c.LabelSmoothing)
	}
	l := &binary[T]{cfg: c, t: t, run: &b.run, classes: classes, diff: room[float64](b, logits.Shape().TotalSize())}
	return b.apply(kernel[T]{name: "bce", forward: l.forward, backward: l.backward}, tensor.Shape{}, logits)
}

type binary[T Float] struct {
	cfg     LossConfig
	t       *Targets[T]
	run     *runState
	classes int
	diff    []float64 // gradient with respect to the logits, from forward
}

func (l *binary[T]) forward(in [][]T, out []T) error {
	rows := l.run.rows
	if len(l.t.Values) < rows*l.classes {
		return fmt.Errorf("%d values for %d rows of %d", len(l.t.Values), rows, l.classes)
	}
	clear(l.diff)
	var loss, total float64
	for r := range rows {
		weight := 1.0
		if l.t.Weights != nil {
			weight = float64(l.t.Weights[r])
		}
		total += weight * float64(l.classes)
		for c := range l.classes {
			i := r*l.classes + c
			one, slope := l.term(float64(in[0][i]), float64(l.t.Values[i]), c)
			loss += weight * one
			l.diff[i] = weight * slope
		}
	}
	if total == 0 {
		clear(l.diff)
		out[0] = 0
		return nil
	}
	for i := range l.diff {
		l.diff[i] /= total
	}
	out[0] = T(loss / total)
	return nil
}

// term is the loss of one logit and its derivative.
func (l *binary[T]) term(x, y float64, class int) (loss, slope float64) {
	e := l.cfg.LabelSmoothing
	y = (1-e)*y + e/2
	positive := y
	if l.cfg.ClassWeights != nil {
		positive *= float64(l.cfg.ClassWeights[class])
	}
	// -log s(x) = softplus(-x) and -log(1-s(x)) = softplus(x), of which neither overflows.
	tail := math.Log1p(math.Exp(-math.Abs(x)))
	loss = positive*(tail+max(-x, 0)) + (1-y)*(tail+max(x, 0))
	s := 1 / (1 + math.Exp(-x))
	return loss, (1-y)*s - positive*(1-s)
}

func (l *binary[T]) backward(_ [][]T, _, grad []T, d [][]T) error {
	for i, v := range l.diff {
		d[0][i] = T(v) * grad[0]
	}
	return nil
}
