package trial

import (
	"cmp"
	"fmt"
)

// Resource is a point on the (fold, epoch) ladder: folds before Fold are finished and Epoch epochs of Fold are done. Folds
// count from 0, epochs from 1; the zero Resource is the start, where nothing is done.
type Resource struct {
	Fold  int `json:"fold"`
	Epoch int `json:"epoch"`
}

// Compare orders resources: the outer fidelity is the fold, the inner the epoch.
func (r Resource) Compare(s Resource) int {
	return cmp.Or(cmp.Compare(r.Fold, s.Fold), cmp.Compare(r.Epoch, s.Epoch))
}

// Less reports whether r lies before s.
func (r Resource) Less(s Resource) bool { return r.Compare(s) < 0 }

// String is the resource for a person.
func (r Resource) String() string { return fmt.Sprintf("fold %d epoch %d", r.Fold, r.Epoch) }

// Shape is the full ladder of a study: every trial that is not stopped trains Folds folds of Epochs epochs each.
type Shape struct {
	Folds  int `json:"folds"`
	Epochs int `json:"epochs"`
}

// Full is the last resource of the ladder, where a trial is complete.
func (s Shape) Full() Resource { return Resource{s.Folds - 1, s.Epochs} }

// Units is how many epochs lie below r and at it: the cost of getting there, in epochs.
func (s Shape) Units(r Resource) int { return r.Fold*s.Epochs + r.Epoch }

// At is the inverse of Units: the resource after that many epochs, at the end of a fold rather than the start of the next.
func (s Shape) At(units int) Resource {
	if units <= 0 {
		return Resource{}
	}
	return Resource{(units - 1) / s.Epochs, (units-1)%s.Epochs + 1}
}

// Slice is a piece of work inside one fold: the epochs From+1 to To.
type Slice struct {
	Fold, From, To int
}

// Slices cuts the work from (exclusive) to (inclusive) into one slice a fold, in order.
func (s Shape) Slices(from, to Resource) []Slice {
	var out []Slice
	for f := from.Fold; f <= to.Fold; f++ {
		piece := Slice{Fold: f, To: s.Epochs}
		if f == from.Fold {
			piece.From = from.Epoch
		}
		if f == to.Fold {
			piece.To = to.Epoch
		}
		if piece.From < piece.To {
			out = append(out, piece)
		}
	}
	return out
}
