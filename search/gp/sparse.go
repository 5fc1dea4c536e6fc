package gp

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
)

// block is how many observations are worked on at once, so that they stay in the processor's cache.
const block = 256

// NewSparse is the posterior of many observations x (n x d), y (n) that rests on m of them, the inducing ones: FITC (Snelson &
// Ghahramani 2006; Quinonero-Candela & Rasmussen 2005, eq. 24). It is the exact posterior of a prior in which the observations
// depend on each other only through the inducing points,
//
//	Q = K_nm K_mm^-1 K_mn,    Lambda = diag(K_nn - Q) + noise,    A = L^-1 K_mn,    B = I + A Lambda^-1 A^T = U U^T
//
// Near the inducing points Lambda is the noise and all observations count in full; far from them it grows, and they only bend
// the mean. So the model is exact where it matters, and smooth but informed elsewhere. The cost is n m^2. Nil when a
// covariance has no factor.
func NewSparse(s *Space, p Params, x [][]float64, y, noise []float64, inducing []int) *Posterior {
	k, m := NewKernel(s, p), len(inducing)
	g := &Posterior{kernel: k, m: m, points: k.embed(pick(x, inducing)), l: newMatrix(m), alpha: make([]float64, m), noise: noise}
	gram := newMatrix(m)
	k.gram(g.points, gram)
	for i := range m {
		gram.data[i*m+i] += 1e-8 * p.Scale
	}
	b, u := newMatrix(m), newMatrix(m)
	if !cholesky(gram, g.l) {
		return nil
	}
	for i := range m {
		b.data[i*m+i] = 1
	}
	f := &fitc{Posterior: g, b: b, one: make([]float64, m)}
	for from := 0; from < len(x); from += block {
		to := min(from+block, len(x))
		var own []float64
		if noise != nil {
			own = noise[from:to]
		}
		f.gather(x[from:to], y[from:to], own)
	}
	if !cholesky(b, u) {
		return nil
	}
	g.u = &u
	f.solve()
	return g
}

// fitc is the sums over observations that the sparse posterior consists of. While they grow, alpha is A Lambda^-1 y.
type fitc struct {
	*Posterior
	b           matrix
	one         []float64 // A Lambda^-1 1
	ones, cross float64   // 1^T Lambda^-1 1, 1^T Lambda^-1 y
}

// gather adds some observations.
func (f *fitc) gather(x [][]float64, y, noise []float64) {
	k, n, m := f.kernel, len(x), f.m
	e := k.embed(x)
	c := len(k.cat)
	row := make([]float64, m)
	a := make([]float64, m*n) // (m x n)
	for i := range n {
		k.cross(e.num[i*k.width:(i+1)*k.width], e.cat[i*c:(i+1)*c], f.points, row, nil)
		for j, v := range row {
			a[j*n+i] = v
		}
	}
	solveLowerMany(f.l, a, n)
	root := make([]float64, n) // Lambda^-1/2
	for i := range root {
		root[i] = k.p.Scale
	}
	addSquares(root, a, m, -1)
	ry := make([]float64, n)
	for i, v := range root {
		v = max(v, 0) + k.p.Noise
		if noise != nil {
			v += noise[i]
		}
		root[i] = 1 / math.Sqrt(v)
		ry[i] = y[i] * root[i]
	}
	for j := range m {
		col := a[j*n : (j+1)*n]
		for i := range col {
			col[i] *= root[i]
		}
		f.alpha[j] += dot(col, ry)
		f.one[j] += dot(col, root)
	}
	f.ones += dot(root, root)
	f.cross += dot(root, ry)
	blas64.Syrk(blas.NoTrans, 1, blas64.General{Rows: m, Cols: n, Stride: n, Data: a}, 1, f.b.symmetric())
}

// solve finds the mean, as NewPosterior does, and alpha.
func (f *fitc) solve() {
	solveLower(*f.u, f.alpha)
	solveLower(*f.u, f.one)
	f.kernel.p.Mean = (f.cross - dot(f.one, f.alpha)) / (f.ones - dot(f.one, f.one) + 1)
	axpy(-f.kernel.p.Mean, f.one, f.alpha)
	solveUpper(*f.u, f.alpha)
	solveUpper(f.l, f.alpha)
}
