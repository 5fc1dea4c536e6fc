package gp

import "math"

// memory is how many steps L-BFGS remembers.
const memory = 8

// objective is a function of x that writes its gradient.
type objective func(x, grad []float64) float64

// lbfgs minimizes f inside the box [low, high] from x, which it moves to the best point found, with at most evals evaluations.
// It is L-BFGS (Nocedal & Wright 2006, algorithm 7.4) with projected steps: coordinates held at a bound by the gradient rest
// (Bertsekas 1982), and a step is halved until Armijo's condition holds. A value that is not finite counts as too high.
type lbfgs struct {
	f          objective
	low, high  []float64
	s, y       [][]float64
	rho, alpha []float64
}

func minimize(f objective, x, low, high []float64, evals int) float64 {
	m := &lbfgs{f: f, low: low, high: high, alpha: make([]float64, memory)}
	return m.run(x, evals)
}

func (m *lbfgs) run(x []float64, evals int) float64 {
	n := len(x)
	grad, next, nextGrad, step := make([]float64, n), make([]float64, n), make([]float64, n), make([]float64, n)
	value := m.f(x, grad)
	if math.IsNaN(value) {
		return math.Inf(1)
	}
	for used := 1; used < evals; {
		m.direction(x, grad, step)
		slope := dot(grad, step)
		if !(slope < 0) {
			if len(m.s) == 0 {
				return value
			}
			m.s, m.y, m.rho = nil, nil, nil // the memory misleads: start anew from the gradient
			continue
		}
		t, newValue, moved := m.search(x, grad, step, next, nextGrad, value, evals, &used)
		if !moved {
			return value
		}
		done := value-newValue < 1e-7*max(1, math.Abs(value)) && t == 1
		m.remember(x, next, grad, nextGrad)
		copy(x, next)
		copy(grad, nextGrad)
		value = newValue
		if done {
			return value
		}
	}
	return value
}

// search halves the step until the value falls enough.
func (m *lbfgs) search(x, grad, step, next, nextGrad []float64, value float64, evals int, used *int) (float64, float64, bool) {
	for t := 1.0; *used < evals && t > 1e-6; t /= 2 {
		gain := 0.0
		for i := range x {
			next[i] = min(max(x[i]+t*step[i], m.low[i]), m.high[i])
			gain += grad[i] * (next[i] - x[i])
		}
		if gain > -1e-12 {
			return 0, 0, false
		}
		*used++
		v := m.f(next, nextGrad)
		if v <= value+1e-4*gain {
			return t, v, true
		}
		if t == 1 && v > value+1e3*math.Abs(value)+1e3 {
			t /= 4
		}
	}
	return 0, 0, false
}

// direction is -H grad, restricted to the coordinates that are free to move.
func (m *lbfgs) direction(x, grad, d []float64) {
	held := func(i int) bool {
		return x[i] <= m.low[i] && grad[i] > 0 || x[i] >= m.high[i] && grad[i] < 0
	}
	for i := range d {
		d[i] = -grad[i]
		if held(i) {
			d[i] = 0
		}
	}
	if k := len(m.s); k > 0 {
		m.twoLoop(d)
	} else if norm := math.Sqrt(dot(d, d)); norm > m.reach() {
		for i := range d { // the first step must not leap across the box
			d[i] *= m.reach() / norm
		}
	}
	for i := range d {
		if held(i) {
			d[i] = 0
		}
	}
}

// reach is the longest first step.
func (m *lbfgs) reach() float64 {
	widest := 0.0
	for i := range m.low {
		widest = max(widest, m.high[i]-m.low[i])
	}
	return min(1, 0.2*widest)
}

func (m *lbfgs) twoLoop(d []float64) {
	k := len(m.s)
	for i := k - 1; i >= 0; i-- {
		m.alpha[i] = m.rho[i] * dot(m.s[i], d)
		axpy(-m.alpha[i], m.y[i], d)
	}
	scale := 1 / (m.rho[k-1] * dot(m.y[k-1], m.y[k-1]))
	for i := range d {
		d[i] *= scale
	}
	for i := range k {
		axpy(m.alpha[i]-m.rho[i]*dot(m.y[i], d), m.s[i], d)
	}
}

// remember keeps the step when it has positive curvature.
func (m *lbfgs) remember(x, next, grad, nextGrad []float64) {
	s, y := make([]float64, len(x)), make([]float64, len(x))
	for i := range x {
		s[i], y[i] = next[i]-x[i], nextGrad[i]-grad[i]
	}
	sy := dot(s, y)
	if !(sy > 1e-12*dot(y, y)) {
		return
	}
	m.s, m.y, m.rho = append(m.s, s), append(m.y, y), append(m.rho, 1/sy)
	if len(m.s) > memory {
		m.s, m.y, m.rho = m.s[1:], m.y[1:], m.rho[1:]
	}
}

// axpy is y := y + a x.
func axpy(a float64, x, y []float64) {
	for i, v := range x {
		y[i] += a * v
	}
}
