package gp

// Tilt is a term that is added to the acquisition: something that is known of points beside what was observed. It returns the
// value at x (d), and unless grad is nil adds the gradient by the coordinates in [0, 1] to it.
type Tilt func(x, grad []float64) float64

// Tilt adds a term to the acquisition; nil adds none.
func (m *Model) Tilt(t Tilt) {
	if t != nil {
		m.tilts = append(m.tilts, t)
	}
}

// tilted is the sum of all terms at x.
func (m *Model) tilted(x, grad []float64) float64 {
	sum := 0.0
	for _, t := range m.tilts {
		sum += t(x, grad)
	}
	return sum
}

// Sum is the sum of terms, of which some may be nil; nil when all are.
func Sum(terms ...Tilt) Tilt {
	var m Model
	for _, t := range terms {
		m.Tilt(t)
	}
	if len(m.tilts) == 0 {
		return nil
	}
	return m.tilted
}

// Tilted is weight times the mean as a term of another model's acquisition; nil before the first success. Not for concurrent use.
func (m *Model) Tilted(weight float64) Tilt {
	g := m.objective
	if g == nil {
		return nil
	}
	q, part := g.newQuery(), make([]float64, len(m.space.Dims))
	return func(x, grad []float64) float64 {
		mean, _ := g.at(x, q)
		if grad != nil {
			g.pull(x, q, weight, 0, nil, part)
			axpy(1, part, grad)
		}
		return weight * mean
	}
}
