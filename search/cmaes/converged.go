package cmaes

// Bounds of a search, after which another one promises more.
const (
	tolX     = 1e-5 // of the unit cube: no hyperparameter matters more exactly
	tolShape = 1e7  // of the longest to the shortest axis
)

// Converged reports whether the search has come to its end: it has become too narrow, in the numbers that have no cells, too
// oblong, or has made no progress for many generations.
func (d *Distribution) Converged() bool {
	n := len(d.numbers) + len(d.choices)
	if d.still >= 10+(30*n+d.lambda-1)/d.lambda {
		return true
	}
	continuous, wide := 0, false
	for i, j := range d.numbers {
		if d.dims[j].Cell == nil {
			continuous++
			wide = wide || d.deviation(i) > tolX
		}
	}
	return continuous > 0 && (!wide || d.axes[len(d.axes)-1] > tolShape*d.axes[0])
}
