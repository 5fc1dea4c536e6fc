package gp

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// matrix is n x n, row-major.
type matrix struct {
	n    int
	data []float64
}

func newMatrix(n int) matrix { return matrix{n, make([]float64, n*n)} }

func (m matrix) row(i int) []float64 { return m.data[i*m.n : (i+1)*m.n] }

func (m matrix) lower() blas64.Triangular {
	return blas64.Triangular{N: m.n, Stride: max(m.n, 1), Data: m.data, Uplo: blas.Lower, Diag: blas.NonUnit}
}

func (m matrix) symmetric() blas64.Symmetric {
	return blas64.Symmetric{N: m.n, Stride: max(m.n, 1), Data: m.data, Uplo: blas.Lower}
}

func vector(v []float64) blas64.Vector { return blas64.Vector{N: len(v), Data: v, Inc: 1} }

// cholesky writes the lower factor of a + jitter I to l, a's lower triangle being the matrix. The jitter begins at zero and
// grows tenfold from 1e-10 of the mean diagonal until the factor exists; false when even the diagonal's own size does not
// help, which only values that are not finite can cause.
func cholesky(a, l matrix) bool {
	mean := 0.0
	for i := range a.n {
		mean += a.data[i*a.n+i] / float64(a.n)
	}
	if math.IsNaN(mean) || math.IsInf(mean, 0) {
		return false
	}
	for jitter := 0.0; jitter <= mean; jitter = max(jitter*10, 1e-10*mean) {
		copy(l.data, a.data)
		for i := range a.n {
			l.data[i*a.n+i] += jitter
		}
		if _, ok := lapack64.Potrf(l.symmetric()); ok {
			return true
		}
	}
	return false
}

// solveLower is v := L^-1 v.
func solveLower(l matrix, v []float64) { blas64.Trsv(blas.NoTrans, l.lower(), vector(v)) }

// solveUpper is v := L^-T v.
func solveUpper(l matrix, v []float64) { blas64.Trsv(blas.Trans, l.lower(), vector(v)) }

// solveLowerMany is B := L^-1 B, for B (n x k) row-major.
func solveLowerMany(l matrix, b []float64, k int) {
	blas64.Trsm(blas.Left, blas.NoTrans, 1, l.lower(), blas64.General{Rows: l.n, Cols: k, Stride: max(k, 1), Data: b})
}

// invert writes the lower triangle of K^-1 to out, which is zero, for the lower factor l of K: row by row of L^-1, each taken
// from those above it, then the sum L^-T L^-1. All inner loops run along rows, four at a time.
func invert(l, out matrix) {
	inverse := newMatrix(l.n)
	for i := range l.n {
		row, f := inverse.row(i)[:i+1], l.row(i)[:i]
		k := 0
		for ; k+4 <= i; k += 4 {
			axpy4(-f[k], -f[k+1], -f[k+2], -f[k+3], inverse, k, row[:k+4])
		}
		for ; k < i; k++ {
			axpy(-f[k], inverse.row(k)[:k+1], row)
		}
		row[i] = 1
		for k := range row {
			row[k] /= l.row(i)[i]
		}
	}
	i := 0
	for ; i+4 <= l.n; i += 4 {
		for k := range i + 4 {
			axpy4(inverse.row(i)[k], inverse.row(i + 1)[k], inverse.row(i + 2)[k], inverse.row(i + 3)[k], inverse, i, out.row(k)[:k+1])
		}
	}
	for ; i < l.n; i++ {
		for k, f := range inverse.row(i)[:i+1] {
			axpy(f, inverse.row(i)[:k+1], out.row(k))
		}
	}
}

// axpy4 adds multiples of the rows i to i+3 of m to y, as far as y goes.
func axpy4(a, b, c, d float64, m matrix, i int, y []float64) {
	n := len(y)
	r0, r1, r2, r3 := m.row(i)[:n], m.row(i + 1)[:n], m.row(i + 2)[:n], m.row(i + 3)[:n]
	for j := range y {
		y[j] += (a*r0[j] + b*r1[j]) + (c*r2[j] + d*r3[j])
	}
}

func dot(a, b []float64) float64 { return blas64.Dot(vector(a), vector(b)) }

func sum(v []float64) float64 {
	s := 0.0
	for _, x := range v {
		s += x
	}
	return s
}
