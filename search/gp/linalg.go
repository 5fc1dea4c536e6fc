package gp

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
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
		if factor(l) {
			return true
		}
	}
	return false
}

// factor replaces the lower triangle of a matrix by its Cholesky factor, four rows at a time (Golub & Van Loan 2013, algorithm
// 4.2.1, by rows); false when it is not positive definite.
func factor(l matrix) bool {
	i := 0
	for ; i+4 <= l.n; i += 4 {
		r0, r1, r2, r3 := l.row(i), l.row(i+1), l.row(i+2), l.row(i+3)
		for j := range i {
			f := l.row(j)
			s0, s1, s2, s3 := dot4(f[:j], r0, r1, r2, r3)
			r0[j], r1[j], r2[j], r3[j] = (r0[j]-s0)/f[j], (r1[j]-s1)/f[j], (r2[j]-s2)/f[j], (r3[j]-s3)/f[j]
		}
		if !l.factorRows(i, i+4, i) {
			return false
		}
	}
	return l.factorRows(i, l.n, 0)
}

// factorRows is factor of the rows from..to, whose first columns up to done are factored already.
func (m matrix) factorRows(from, to, done int) bool {
	for i := from; i < to; i++ {
		row := m.row(i)
		for j := done; j < i; j++ {
			f := m.row(j)
			row[j] = (row[j] - dot(f[:j], row[:j])) / f[j]
		}
		pivot := row[i] - dot(row[:i], row[:i])
		if !(pivot > 0) {
			return false
		}
		row[i] = math.Sqrt(pivot)
	}
	return true
}

// solveLower is v := L^-1 v, four rows at a time.
func solveLower(l matrix, v []float64) {
	i := 0
	for ; i+4 <= l.n; i += 4 {
		r0, r1, r2, r3 := l.row(i), l.row(i+1), l.row(i+2), l.row(i+3)
		s0, s1, s2, s3 := dot4(v[:i], r0, r1, r2, r3)
		v[i] = (v[i] - s0) / r0[i]
		v[i+1] = (v[i+1] - s1 - r1[i]*v[i]) / r1[i+1]
		v[i+2] = (v[i+2] - s2 - r2[i]*v[i] - r2[i+1]*v[i+1]) / r2[i+2]
		v[i+3] = (v[i+3] - s3 - r3[i]*v[i] - r3[i+1]*v[i+1] - r3[i+2]*v[i+2]) / r3[i+3]
	}
	for ; i < l.n; i++ {
		v[i] = (v[i] - dot(l.row(i)[:i], v[:i])) / l.row(i)[i]
	}
}

// solveUpper is v := L^-T v, four rows of L at a time.
func solveUpper(l matrix, v []float64) {
	i := l.n
	for ; i%4 > 0; i-- {
		row := l.row(i - 1)
		v[i-1] /= row[i-1]
		axpy(-v[i-1], row[:i-1], v)
	}
	for i -= 4; i >= 0; i -= 4 {
		r0, r1, r2, r3 := l.row(i), l.row(i+1), l.row(i+2), l.row(i+3)
		v[i+3] /= r3[i+3]
		v[i+2] = (v[i+2] - r3[i+2]*v[i+3]) / r2[i+2]
		v[i+1] = (v[i+1] - r3[i+1]*v[i+3] - r2[i+1]*v[i+2]) / r1[i+1]
		v[i] = (v[i] - r3[i]*v[i+3] - r2[i]*v[i+2] - r1[i]*v[i+1]) / r0[i]
		axpy4(-v[i], -v[i+1], -v[i+2], -v[i+3], l, i, v[:i])
	}
}

// solveLowerMany is B := L^-1 B, for B (n x k) row-major.
func solveLowerMany(l matrix, b []float64, k int) {
	blas64.Trsm(blas.Left, blas.NoTrans, 1, l.lower(), blas64.General{Rows: l.n, Cols: k, Stride: max(k, 1), Data: b})
}

// invert writes the lower triangle of K^-1 to out, for the lower factor l of K: the rows of u = L^-T, by forward substitution,
// then the sums u u^T. All inner loops run along rows, four at a time. The matrix u is room of the same size.
func invert(l, u, out matrix) {
	clear(u.data)
	j := 0
	for ; j+4 <= l.n; j += 4 {
		u.columns4(l, j)
	}
	for ; j < l.n; j++ {
		x := u.row(j)
		x[j] = 1 / l.row(j)[j]
		for k := j + 1; k < l.n; k++ {
			x[k] = -dot(l.row(k)[j:k], x[j:k]) / l.row(k)[k]
		}
	}
	for i := range l.n {
		x, to := u.row(i)[i:], out.row(i)
		j := 0
		for ; j+4 <= i+1; j += 4 {
			to[j], to[j+1], to[j+2], to[j+3] = dot4(x, u.row(j)[i:], u.row(j + 1)[i:], u.row(j + 2)[i:], u.row(j + 3)[i:])
		}
		for ; j <= i; j++ {
			to[j] = dot(x, u.row(j)[i:])
		}
	}
}

// columns4 writes the columns j..j+3 of L^-1 to the rows of a matrix that is zero there.
func (m matrix) columns4(l matrix, j int) {
	x := [4][]float64{m.row(j), m.row(j + 1), m.row(j + 2), m.row(j + 3)}
	for k := j; k < min(j+4, l.n); k++ {
		f := l.row(k)
		for c := range k - j {
			x[c][k] = -dot(f[j:k], x[c][j:k]) / f[k]
		}
		x[k-j][k] = 1 / f[k]
	}
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	for k := j + 4; k < l.n; k++ {
		f := l.row(k)
		s0, s1, s2, s3 := dot4(f[j:k], x0[j:], x1[j:], x2[j:], x3[j:])
		x0[k], x1[k], x2[k], x3[k] = -s0/f[k], -s1/f[k], -s2/f[k], -s3/f[k]
	}
}

// dot4 is the products of x with the beginnings of four rows. Sums that do not wait for each other are what makes it fast.
func dot4(x, r0, r1, r2, r3 []float64) (s0, s1, s2, s3 float64) {
	n := len(x)
	r0, r1, r2, r3 = r0[:n], r1[:n], r2[:n], r3[:n]
	for j, v := range x {
		s0 += v * r0[j]
		s1 += v * r1[j]
		s2 += v * r2[j]
		s3 += v * r3[j]
	}
	return s0, s1, s2, s3
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
