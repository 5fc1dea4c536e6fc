package ops

import (
	"fmt"
	"math"

	"gorgonia.org/tensor"
)

// Targets is what a loss compares with, set by the caller before each run.
type Targets[T Float] struct {
	// Labels holds a class per row; a negative one excludes its row.
	Labels []int32
	// Probs, if not nil, replaces Labels by a probability per row and class
	// (N*classes, rows summing to 1), as mixup gives.
	Probs []T
	// Values holds the values of a regression, one per row and output.
	Values []T
	// Weights, if not nil, weighs each row; 0 excludes it.
	Weights []T
}

// LossConfig sets a cross-entropy.
type LossConfig struct {
	// LabelSmoothing e mixes the target with the uniform distribution:
	// p' = (1-e)*p + e/classes (Szegedy et al. 2016).
	LabelSmoothing float64
	// ClassWeights, if not nil, weighs each class's term.
	ClassWeights []float32
}

// SoftmaxCrossEntropy adds the scalar loss
//
//	sum_r m_r sum_c w_c p'_rc * -log softmax(logits_r)_c / D
//
// for logits (N, C), row weights m and class weights w. D is sum_r m_r
// w_label(r) for labels and sum_r m_r for probabilities, as in PyTorch. If D
// is 0, the loss and its gradient are 0.
func (b *Builder[T]) SoftmaxCrossEntropy(logits *Node, t *Targets[T], c LossConfig) *Node {
	if !b.ready("crossentropy", []int{2}, logits) {
		return nil
	}
	n, classes := logits.Shape()[0], logits.Shape()[1]
	if c.ClassWeights != nil && len(c.ClassWeights) != classes {
		return b.fail("crossentropy: %d class weights for %d classes", len(c.ClassWeights), classes)
	}
	if !(c.LabelSmoothing >= 0 && c.LabelSmoothing <= 1) {
		return b.fail("crossentropy: label smoothing %v, want 0 to 1", c.LabelSmoothing)
	}
	l := &crossEntropy[T]{cfg: c, t: t, run: &b.run, classes: classes,
		diff: room[float64](b, n*classes), logp: make([]float64, classes), target: make([]float64, classes)}
	return b.apply(kernel[T]{name: "crossentropy", forward: l.forward, backward: l.backward}, tensor.Shape{}, logits)
}

// crossEntropy computes in float64 throughout: it is a few hundred values.
type crossEntropy[T Float] struct {
	cfg          LossConfig
	t            *Targets[T]
	run          *runState
	classes      int
	diff         []float64 // gradient with respect to the logits, from forward
	logp, target []float64 // scratch, one row
}

func (l *crossEntropy[T]) forward(in [][]T, out []T) error {
	var loss, total float64
	clear(l.diff)
	for r := range l.run.rows {
		m, norm, err := l.rowTarget(r)
		if err != nil {
			return err
		}
		total += m * norm
		if m == 0 {
			continue
		}
		logits := in[0][r*l.classes : (r+1)*l.classes]
		loss += m * l.row(logits, m, l.diff[r*l.classes:(r+1)*l.classes])
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

// rowTarget fills l.target with row r's smoothed distribution and returns the
// row's weight and its share of the denominator per unit of weight.
func (l *crossEntropy[T]) rowTarget(r int) (weight, norm float64, err error) {
	weight, norm = 1, 1
	if l.t.Weights != nil {
		weight = float64(l.t.Weights[r])
	}
	clear(l.target)
	if l.t.Probs != nil {
		for c, p := range l.t.Probs[r*l.classes : (r+1)*l.classes] {
			l.target[c] = float64(p)
		}
	} else {
		label := int(l.t.Labels[r])
		if label < 0 {
			return 0, 1, nil
		}
		if label >= l.classes {
			return 0, 0, fmt.Errorf("label %d in row %d, there are %d classes", label, r, l.classes)
		}
		l.target[label] = 1
		norm = l.classWeight(label)
	}
	e := l.cfg.LabelSmoothing
	for c := range l.target {
		l.target[c] = (1-e)*l.target[c] + e/float64(l.classes)
	}
	return weight, norm, nil
}

// row returns sum_c w_c p'_c * -log q_c for one row, and writes m times its
// gradient, q_c * (sum_j w_j p'_j) - w_c p'_c.
func (l *crossEntropy[T]) row(logits []T, m float64, diff []float64) float64 {
	logSoftmax(logits, l.logp)
	var loss, mass float64
	for c, p := range l.target {
		loss -= l.classWeight(c) * p * l.logp[c]
		mass += l.classWeight(c) * p
	}
	for c, p := range l.target {
		diff[c] = m * (math.Exp(l.logp[c])*mass - l.classWeight(c)*p)
	}
	return loss
}

func (l *crossEntropy[T]) classWeight(c int) float64 {
	if l.cfg.ClassWeights == nil {
		return 1
	}
	return float64(l.cfg.ClassWeights[c])
}

// logSoftmax writes log(exp(x_c)/sum exp(x)), shifted by the maximum so that
// nothing overflows.
func logSoftmax[T Float](x []T, out []float64) {
	top := math.Inf(-1)
	for _, v := range x {
		top = math.Max(top, float64(v))
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	for i, v := range x {
		out[i] = float64(v) - top - math.Log(sum)
	}
}

func (l *crossEntropy[T]) backward(_ [][]T, _, grad []T, d [][]T) error {
	for i, v := range l.diff {
		d[0][i] = T(v) * grad[0]
	}
	return nil
}
