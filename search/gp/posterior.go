package gp

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// Posterior is a Gaussian process given observations. With k the covariances of x and the m points it rests on,
//
//	mean(x) = Mean + k^T alpha,    var(x) = s^2 - |v|^2 + |U^-1 v|^2,    v = L^-1 k
//
// L is the factor of the points' covariance. The exact posterior (Rasmussen & Williams 2006, algorithm 2.1) has the noise in
// L and no U; the sparse one, see NewSparse, has the factor U of its matrix B.
//
// Points whose value is still to come may be added: they take their part of the variance away and leave the mean, which is
// what observing the mean itself would do.
type Posterior struct {
	kernel *Kernel
	points *points // (m + p), the pending ones last
	m      int
	alpha  []float64 // (m)
	l      matrix    // (m x m)
	u      *matrix   // (m x m), sparse alone
	noise  []float64 // (n), the observations' own; nil: none

	// Of the p pending points: w = (I - B^-1) L^-1 k, L^-T w, and the factor of their covariance given the data, with noise.
	w, lw   []float64 // (p x m)
	pending matrix    // (p x p)
}

// NewPosterior is the exact posterior of observations x (n x d), y (n) with noise variances of their own (n, or nil); nil when
// the covariance has no factor, which only values that are not finite can cause. The mean of p is not used: the most probable
// one of these observations is, under a standard normal prior.
func NewPosterior(s *Space, p Params, x [][]float64, y, noise []float64) *Posterior {
	k := NewKernel(s, p)
	g := &Posterior{kernel: k, points: k.embed(x), m: len(x), l: newMatrix(len(x)), alpha: make([]float64, len(x)), noise: noise}
	gram := newMatrix(len(x))
	k.gram(g.points, gram)
	for i := range x {
		gram.data[i*gram.n+i] += p.Noise
		if noise != nil {
			gram.data[i*gram.n+i] += noise[i]
		}
	}
	share(gram, noise, p)
	if !cholesky(gram, g.l) {
		return nil
	}
	ones := make([]float64, len(x))
	for i := range ones {
		ones[i] = 1
	}
	copy(g.alpha, y)
	solveLower(g.l, g.alpha)
	solveLower(g.l, ones)
	k.p.Mean = dot(ones, g.alpha) / (dot(ones, ones) + 1)
	axpy(-k.p.Mean, ones, g.alpha)
	solveUpper(g.l, g.alpha)
	return g
}

// query is the room for the evaluation of one point at a time.
type query struct {
	num, cat, byNum []float64
	k, slope        []float64 // (m + p)
	v, b            []float64 // (m), (m + p)
	c               []float64 // (p), whitened covariances with the pending points given the data
}

func (g *Posterior) newQuery() *query {
	n := g.points.n
	return &query{num: make([]float64, g.kernel.width), cat: make([]float64, len(g.kernel.cat)), byNum: make([]float64, g.kernel.width),
		k: make([]float64, n), slope: make([]float64, n), v: make([]float64, g.m), b: make([]float64, n), c: make([]float64, n-g.m)}
}

// At is the mean and the variance at x (d), without the noise of an observation.
func (g *Posterior) At(x []float64) (mean, variance float64) {
	return g.at(x, g.newQuery())
}

func (g *Posterior) at(x []float64, q *query) (mean, variance float64) {
	g.kernel.embedOne(x, q.num, q.cat)
	g.kernel.cross(q.num, q.cat, g.points, q.k, q.slope)
	mean = g.kernel.p.Mean + dot(q.k[:g.m], g.alpha)
	copy(q.v, q.k)
	solveLower(g.l, q.v)
	variance = g.kernel.p.Scale - dot(q.v, q.v)
	if g.u != nil {
		b := q.b[:g.m]
		copy(b, q.v)
		solveLower(*g.u, b)
		variance += dot(b, b)
	}
	if p := len(q.c); p > 0 {
		for i := range p {
			q.c[i] = q.k[g.m+i] - dot(g.w[i*g.m:(i+1)*g.m], q.v)
		}
		solveLower(g.pending, q.c)
		variance -= dot(q.c, q.c)
	}
	return mean, max(variance, 1e-10*g.kernel.p.Scale)
}

// pull is the gradient by x (d), where the last call of at was, of a function of the mean, the variance and the whitened
// covariances c with the pending points, from its derivatives by these; byC may be nil.
func (g *Posterior) pull(x []float64, q *query, byMean, byVar float64, byC, grad []float64) {
	b := q.b[:g.m]
	copy(b, q.v)
	if g.u != nil {
		solveLower(*g.u, b)
		solveUpper(*g.u, b)
		for i, v := range q.v {
			b[i] = v - b[i]
		}
	}
	solveUpper(g.l, b)
	for i, a := range g.alpha {
		b[i] = byMean*a - 2*byVar*b[i]
	}
	if len(q.c) > 0 {
		rest := q.b[g.m:]
		for i, c := range q.c {
			rest[i] = -2 * byVar * c
			if byC != nil {
				rest[i] += byC[i]
			}
		}
		solveUpper(g.pending, rest)
		for i, c := range rest {
			axpy(-c, g.lw[i*g.m:(i+1)*g.m], b)
		}
	}
	clear(q.byNum)
	w := g.kernel.width
	for i, a := range q.b {
		a *= 2 * q.slope[i]
		for j, e := range g.points.num[i*w : (i+1)*w] {
			q.byNum[j] += a * (q.num[j] - e)
		}
	}
	g.kernel.pull(x, q.byNum, grad)
}

// WithPending is the posterior with points (p x d) whose values are still to come; the receiver itself when it has no factor
// for them.
func (g *Posterior) WithPending(x [][]float64) *Posterior {
	if len(x) == 0 {
		return g
	}
	k, p := g.kernel, len(x)
	out := &Posterior{kernel: k, m: g.m, alpha: g.alpha, l: g.l, u: g.u, pending: newMatrix(p)}
	e := k.embed(x)
	out.points = &points{g.m + p, append(g.points.num[:len(g.points.num):len(g.points.num)], e.num...),
		append(g.points.cat[:len(g.points.cat):len(g.points.cat)], e.cat...)}
	v := make([]float64, p*g.m)
	base := &points{g.m, g.points.num, g.points.cat}
	cov := newMatrix(p)
	k.gram(e, cov)
	for i := range p {
		row := v[i*g.m : (i+1)*g.m]
		k.cross(e.num[i*k.width:(i+1)*k.width], e.cat[i*len(k.cat):(i+1)*len(k.cat)], base, row, nil)
		solveLower(g.l, row)
	}
	out.w = append([]float64(nil), v...)
	for i := range p {
		row := out.w[i*g.m : (i+1)*g.m]
		if g.u != nil {
			solveLower(*g.u, row)
			solveUpper(*g.u, row)
			for j := range row {
				row[j] = v[i*g.m+j] - row[j]
			}
		}
		for j := range i + 1 {
			cov.data[i*p+j] -= dot(row, v[j*g.m:(j+1)*g.m])
		}
		cov.data[i*p+i] += k.p.Noise
	}
	out.lw = append([]float64(nil), out.w...)
	for i := range p {
		solveUpper(g.l, out.lw[i*g.m:(i+1)*g.m])
	}
	if !cholesky(cov, out.pending) {
		return g
	}
	return out
}

// means writes the means at embedded points and, to bound, variances that are not exceeded: what the most informative of the
// points with a value alone leaves.
func (g *Posterior) means(e *points, mean, bound []float64) {
	w, c := g.kernel.width, len(g.kernel.cat)
	k := make([]float64, g.points.n)
	for i := range e.n {
		g.kernel.cross(e.num[i*w:(i+1)*w], e.cat[i*c:(i+1)*c], g.points, k, nil)
		mean[i] = g.kernel.p.Mean + dot(k[:g.m], g.alpha)
		most := 0.0
		for _, v := range k[:g.m] {
			most = max(most, v)
		}
		bound[i] = max(g.kernel.p.Scale-most*most/(g.kernel.p.Scale+g.kernel.p.Noise), 1e-10*g.kernel.p.Scale)
	}
}

// batch is At for many embedded points (q) at once; it returns their whitened covariances with the pending points (p x q).
func (g *Posterior) batch(e *points, mean, variance []float64) []float64 {
	w, c, q, p := g.kernel.width, len(g.kernel.cat), e.n, g.points.n-g.m
	k := make([]float64, g.points.n)
	v := make([]float64, g.m*q) // (m x q)
	rest := make([]float64, p*q)
	for i := range q {
		g.kernel.cross(e.num[i*w:(i+1)*w], e.cat[i*c:(i+1)*c], g.points, k, nil)
		for j, t := range k[:g.m] {
			v[j*q+i] = t
		}
		for j, t := range k[g.m:] {
			rest[j*q+i] = t
		}
		mean[i], variance[i] = g.kernel.p.Mean+dot(k[:g.m], g.alpha), g.kernel.p.Scale
	}
	solveLowerMany(g.l, v, q)
	addSquares(variance, v, g.m, -1)
	if p > 0 {
		blas64.Gemm(blas.NoTrans, blas.NoTrans, -1, blas64.General{Rows: p, Cols: g.m, Stride: g.m, Data: g.w},
			blas64.General{Rows: g.m, Cols: q, Stride: q, Data: v}, 1, blas64.General{Rows: p, Cols: q, Stride: q, Data: rest})
		solveLowerMany(g.pending, rest, q)
		addSquares(variance, rest, p, -1)
	}
	if g.u != nil {
		solveLowerMany(*g.u, v, q)
		addSquares(variance, v, g.m, 1)
	}
	for i := range variance {
		variance[i] = max(variance[i], 1e-10*g.kernel.p.Scale)
	}
	return rest
}

// addSquares adds sign times the squared norm of each column of v (rows x len(to)).
func addSquares(to, v []float64, rows int, sign float64) {
	n := len(to)
	for j := range rows {
		for i, t := range v[j*n : (j+1)*n] {
			to[i] += sign * t * t
		}
	}
}
