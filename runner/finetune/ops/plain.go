package ops

import (
	"automl/runner/finetune/blas"
)

// plain is the arithmetic as plain loops: the float64 path, and the yardstick
// for the fast one.
type plain[T Float] struct{}

var (
	_ kernels[float64] = plain[float64]{}
	_ kernels[float32] = plain[float32]{}
)

func (plain[T]) Gemm(transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if a64, ok := any(a).([]float64); ok {
		b64, c64 := any(b).([]float64), any(c).([]float64)
		blas.Gemm64(transA, transB, m, n, k, float64(alpha), a64, lda, b64, ldb, float64(beta), c64, ldc)
		return
	}
	at := func(x []T, ld int, trans bool, i, j int) T {
		if trans {
			i, j = j, i
		}
		return x[i*ld+j]
	}
	for i := range m {
		for j := range n {
			var sum T
			for p := range k {
				sum += at(a, lda, transA, i, p) * at(b, ldb, transB, p, j)
			}
			c[i*ldc+j] = alpha*sum + beta*c[i*ldc+j]
		}
	}
}

func (p plain[T]) GemmFinish(transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int, f finish[T]) {
	p.Gemm(transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
	for i := range m {
		for j := range n {
			at := i*ldc + j
			v := c[at]
			if f.Bias != nil {
				v += f.Bias[j]
			}
			if f.GELU {
				var slope T
				if v, slope = gelu(v, false); f.Slope != nil {
					f.Slope[at] = slope
				}
			}
			if f.Add != nil {
				v += f.Add[at]
			}
			if f.Times != nil {
				v *= f.Times[at]
			}
			c[at] = v
		}
	}
}

func (plain[T]) Conv(s blas.ConvShape) (convolution[T], error) {
	if err := s.Check(); err != nil {
		return nil, err
	}
	return &plainConv[T]{s: s}, nil
}

// plainConv is a convolution as its definition reads.
type plainConv[T Float] struct {
	s blas.ConvShape
	x []T
}

// each calls f for every product of the convolution of one row, with indices
// into y (or dy), x (or dx) and w (or dw).
func (c *plainConv[T]) each(row int, f func(iy, ix, iw int)) {
	s := c.s
	oh, ow := s.OutH(), s.OutW()
	for o := range s.OutC {
		for y := range oh {
			for x := range ow {
				iy := ((row*s.OutC+o)*oh+y)*ow + x
				c.window(row, o, y, x, func(ix, iw int) { f(iy, ix, iw) })
			}
		}
	}
}

// window calls f for the taps that lie within the image.
func (c *plainConv[T]) window(row, o, y, x int, f func(ix, iw int)) {
	s := c.s
	for i := range s.InC {
		for kh := range s.KH {
			for kw := range s.KW {
				h, w := y*s.StrideH+kh-s.PadTop, x*s.StrideW+kw-s.PadLeft
				if h >= 0 && h < s.H && w >= 0 && w < s.W {
					f(((row*s.InC+i)*s.H+h)*s.W+w, ((o*s.InC+i)*s.KH+kh)*s.KW+kw)
				}
			}
		}
	}
}

func (c *plainConv[T]) Forward(rows int, x, w, bias, y []T) {
	c.x = x
	hw := c.s.OutH() * c.s.OutW()
	for i := range y[:rows*c.s.OutC*hw] {
		y[i] = 0
		if bias != nil {
			y[i] = bias[i/hw%c.s.OutC]
		}
	}
	for row := range rows {
		c.each(row, func(iy, ix, iw int) { y[iy] += x[ix] * w[iw] })
	}
}

func (c *plainConv[T]) Backward(rows int, w, dy, dx, dw, db []T) {
	hw := c.s.OutH() * c.s.OutW()
	if dx != nil {
		clear(dx)
		for row := range rows {
			c.each(row, func(iy, ix, iw int) { dx[ix] += dy[iy] * w[iw] })
		}
	}
	if dw != nil {
		clear(dw)
		for row := range rows {
			c.each(row, func(iy, ix, iw int) { dw[iw] += dy[iy] * c.x[ix] })
		}
	}
	if db != nil {
		clear(db)
		for i, g := range dy[:rows*c.s.OutC*hw] {
			db[i/hw%c.s.OutC] += g
		}
	}
}

func (plain[T]) ChannelStats(rows, c, hw int, x, mean, variance []T) {
	n := T(rows * hw)
	for ch := range c {
		var sum, sq T
		eachPixel(rows, c, hw, ch, func(i int) { sum += x[i] })
		m := sum / n
		eachPixel(rows, c, hw, ch, func(i int) { sq += (x[i] - m) * (x[i] - m) })
		mean[ch], variance[ch] = m, sq/n
	}
}

// eachPixel calls f with the index of every value of one channel.
func eachPixel(rows, c, hw, ch int, f func(i int)) {
	for r := range rows {
		for p := range hw {
			f((r*c+ch)*hw + p)
		}
	}
}

func (plain[T]) ScaleShift(rows, c, hw int, x, scale, shift []T, relu bool, y []T) {
	for ch := range c {
		eachPixel(rows, c, hw, ch, func(i int) {
			y[i] = x[i]*scale[ch] + shift[ch]
			if relu && y[i] < 0 {
				y[i] = 0
			}
		})
	}
}

func (plain[T]) NormGrad(g blas.NormGrad, x, y, dy, mean, inv, gamma, dx, dgamma, dbeta []T) {
	n := T(g.Rows * g.HW)
	for ch := range g.Channels {
		at := func(i int) T {
			if g.ReLU && y[i] <= 0 {
				return 0
			}
			return dy[i]
		}
		var sum, dot T
		eachPixel(g.Rows, g.Channels, g.HW, ch, func(i int) {
			sum += at(i)
			dot += at(i) * (x[i] - mean[ch]) * inv[ch]
		})
		if dbeta != nil {
			dbeta[ch] = sum
		}
		if dgamma != nil {
			dgamma[ch] = dot
		}
		if dx == nil {
			continue
		}
		if !g.Batch { // the statistics are constants
			sum, dot = 0, 0
		}
		eachPixel(g.Rows, g.Channels, g.HW, ch, func(i int) {
			hat := (x[i] - mean[ch]) * inv[ch]
			dx[i] = gamma[ch] * inv[ch] * (at(i) - sum/n - hat*dot/n)
		})
	}
}

func (plain[T]) AddReLU(a, b []T, relu bool, y []T) {
	for i := range y {
		y[i] = a[i] + b[i]
		if relu && y[i] < 0 {
			y[i] = 0
		}
	}
}

func (plain[T]) ReLU(x, y []T) {
	for i := range y {
		y[i] = max(x[i], 0)
	}
}

func (plain[T]) ReLUGrad(y, dy, dx []T) {
	for i := range dx {
		dx[i] = 0
		if y[i] > 0 {
			dx[i] = dy[i]
		}
	}
}
