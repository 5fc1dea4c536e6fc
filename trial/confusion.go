package trial

import (
	"cmp"
	"encoding/binary"
	"math"
	"slices"
)

// Confusion says, for each class, what the validation rows of a fold were taken for. Few of its cells are not 0, and only those are
// kept, since every report has one.
type Confusion struct {
	Classes int      `json:"classes"`
	Names   []string `json:"names,omitempty"` // of the classes, in the first report of a trial
	// Cells are, for each cell class*Classes+taken that is not 0, in rising order, two varints: how far it lies behind the one before,
	// and its count.
	Cells []byte `json:"cells"`
}

// The most there may be of a confusion matrix; what is larger is of no use to a person and is not kept.
const (
	MaxConfusionClasses = 256
	MaxConfusionBytes   = 16 << 10
)

// NewConfusion makes one of a whole matrix, row by row: how many rows of a class were taken for each. Nil when it is larger than is
// kept.
func NewConfusion(counts [][]int, names []string) *Confusion {
	c := &Confusion{Classes: len(counts), Names: names}
	last := -1
	for i, row := range counts {
		for j, n := range row {
			if n <= 0 {
				continue
			}
			at := i*len(counts) + j
			c.Cells = binary.AppendUvarint(binary.AppendUvarint(c.Cells, uint64(at-last)), uint64(n))
			last = at
		}
	}
	if !c.Valid() {
		return nil
	}
	return c
}

// Valid reports whether it is a matrix of a size that is kept.
func (c *Confusion) Valid() bool {
	if c.Classes < 1 || c.Classes > MaxConfusionClasses || len(c.Cells) > MaxConfusionBytes || len(c.Names) > 0 && len(c.Names) != c.Classes {
		return false
	}
	return c.each(func(int, int) {})
}

// each calls f for every cell that is not 0; false when the cells cannot be read.
func (c *Confusion) each(f func(at, n int)) bool {
	at := -1
	for rest := c.Cells; len(rest) > 0; {
		step, k := binary.Uvarint(rest)
		if k <= 0 || step == 0 || step > uint64(c.Classes*c.Classes) {
			return false
		}
		n, m := binary.Uvarint(rest[k:])
		if at += int(step); m <= 0 || at >= c.Classes*c.Classes || n == 0 || n > math.MaxInt32 {
			return false
		}
		f(at, int(n))
		rest = rest[k+m:]
	}
	return true
}

// AddTo adds the counts to a matrix of as many classes.
func (c *Confusion) AddTo(counts [][]int) {
	c.each(func(at, n int) { counts[at/c.Classes][at%c.Classes] += n })
}

// keptConfusions is how many of the best complete trials keep their matrices in a state.
const keptConfusions = 3

// confusions are the matrices of a trial: fold, epoch-1.
type confusions [][]*Confusion

func (all *confusions) put(fold, epoch int, c *Confusion) {
	for len(*all) <= fold {
		*all = append(*all, nil)
	}
	for len((*all)[fold]) < epoch {
		(*all)[fold] = append((*all)[fold], nil)
	}
	(*all)[fold][epoch-1] = c
}

// Confusion is the matrix of a trial over the folds that its value is of, each at the epoch that the value is of: every row was
// predicted by a network that had not seen it. names are those of the classes. Nil where there is none: the task has no
// classes or too many, or the trial is none of the best.
func (t *Trial) Confusion(s Study) (counts [][]int, names []string) {
	score, ok := t.ScoreAt(s.Objective, s.Shape, s.Shape.Full())
	if !ok || len(t.matrices) < len(score.Folds) {
		return nil, nil
	}
	for fold := range score.Folds {
		epochs := t.matrices[fold]
		if len(epochs) == 0 {
			return nil, nil
		}
		c := epochs[min(score.Epoch, len(epochs))-1]
		if c == nil || counts != nil && c.Classes != len(counts) {
			return nil, nil
		}
		if counts == nil {
			counts = make([][]int, c.Classes)
			for i := range counts {
				counts[i] = make([]int, c.Classes)
			}
		}
		c.AddTo(counts)
	}
	if first := t.matrices[0][0]; first != nil {
		names = first.Names
	}
	return counts, names
}

// forget drops the matrices that nobody will ask for, after a trial has come to its end.
func (s *State) forget(t *Trial) {
	if t.matrices == nil {
		return
	}
	if t.Status != Complete {
		t.matrices = nil
		return
	}
	s.confused = append(s.confused, t)
	if len(s.confused) <= keptConfusions {
		return
	}
	kept := s.bestConfused()
	for _, other := range s.confused {
		if !slices.Contains(kept, other) {
			other.matrices = nil
		}
	}
	s.confused = kept
}

// bestConfused is the best of the trials that have matrices. With one objective the others need not be looked at, of which there may be
// thousands.
func (s *State) bestConfused() []*Trial {
	var kept []*Trial
	if len(s.Study.Others) > 0 {
		kept = slices.DeleteFunc(s.RankedAt(s.Study.Shape.Full()), func(t *Trial) bool { return t.matrices == nil })
	} else {
		kept = slices.Clone(s.confused)
		slices.SortFunc(kept, func(a, b *Trial) int {
			return cmp.Or(cmp.Compare(s.lossInFull(a), s.lossInFull(b)), cmp.Compare(a.Number, b.Number))
		})
	}
	return kept[:min(keptConfusions, len(kept))]
}

// lossInFull is the loss of a complete trial in the leading objective; +Inf where it has none.
func (s *State) lossInFull(t *Trial) float64 {
	score, ok := t.ScoreAt(s.Study.Objective, s.Study.Shape, s.Study.Shape.Full())
	if !ok {
		return math.Inf(1)
	}
	return s.Study.Objective.Loss(score.Value)
}
