package ops

import (
	"math"

	"automl/runner/finetune/blas"
)

func (plain[T]) TanhGELU(rows int, x, bias, y, slope []T) {
	for i := range rows * len(bias) {
		g, d := gelu(x[i]+bias[i%len(bias)], true)
		y[i] = g
		if slope != nil {
			slope[i] = d
		}
	}
}

// gelu is GELU and its derivative; if tanh, in the approximation.
func gelu[T Float](x T, tanh bool) (y, slope T) {
	v := float64(x)
	if tanh {
		u := math.Sqrt(2/math.Pi) * (v + 0.044715*v*v*v)
		t, du := math.Tanh(u), math.Sqrt(2/math.Pi)*(1+3*0.044715*v*v)
		return T(v * (1 + t) / 2), T((1+t)/2 + v*(1-t*t)/2*du)
	}
	cdf := math.Erfc(-v/math.Sqrt2) / 2
	return T(v * cdf), T(cdf + v*math.Exp(-v*v/2)/math.Sqrt(2*math.Pi))
}

func (plain[T]) LayerNorm(rows, n int, eps float64, x, gamma, beta, y, mean, inv []T) {
	for r := range rows {
		row := x[r*n : (r+1)*n]
		var sum, sq T
		for _, v := range row {
			sum += v
		}
		mean[r] = sum / T(n)
		for _, v := range row {
			sq += (v - mean[r]) * (v - mean[r])
		}
		inv[r] = T(1 / math.Sqrt(float64(sq/T(n))+eps))
		for i, v := range row {
			y[r*n+i] = (v-mean[r])*inv[r]*gamma[i] + beta[i]
		}
	}
}

func (plain[T]) LayerNormGrad(rows, n int, x, dy, gamma, mean, inv, dx, dgamma, dbeta []T) {
	clear(dgamma)
	clear(dbeta)
	for r := range rows {
		var sum, dot T
		for i, g := range gamma {
			d, h := dy[r*n+i], (x[r*n+i]-mean[r])*inv[r]
			sum += d * g
			dot += d * g * h
			if dgamma != nil {
				dgamma[i] += d * h
			}
			if dbeta != nil {
				dbeta[i] += d
			}
		}
		for i, g := range gamma {
			if dx == nil {
				break
			}
			h := (x[r*n+i] - mean[r]) * inv[r]
			dx[r*n+i] = inv[r] * (dy[r*n+i]*g - sum/T(n) - h*dot/T(n))
		}
	}
}

func (plain[T]) ColumnSum(rows, cols int, x, sum []T) {
	clear(sum[:cols])
	for i, v := range x[:rows*cols] {
		sum[i%cols] += v
	}
}

func (plain[T]) Axpy(a T, x, y []T) {
	for i := range y {
		y[i] += a * x[i]
	}
}

func (plain[T]) Tanh(x, y []T) {
	for i := range y {
		y[i] = T(math.Tanh(float64(x[i])))
	}
}

func (plain[T]) TanhGrad(y, dy, dx []T) {
	for i := range dx {
		dx[i] = dy[i] * (1 - y[i]*y[i])
	}
}

func (plain[T]) Dropout(d blas.Dropout, x, add, y []T) {
	for i := range y {
		v := x[i] * factor[T](d, 0, i)
		if add != nil {
			v += add[i]
		}
		y[i] = v
	}
}

// factor is element i of a dropout mask.
func factor[T Float](d blas.Dropout, stream uint32, i int) T {
	if d.Word(stream, i) < d.Threshold() {
		return 0
	}
	return T(1 / (1 - d.P))
}

func (plain[T]) CrossEntropy(rows, cols int, x []T, next []int32, loss []float64, top []int32) {
	logp := make([]float64, cols)
	for r := range rows {
		row := x[r*cols : (r+1)*cols]
		if loss[r], top[r] = 0, 0; next[r] < 0 {
			clear(row)
			continue
		}
		logSoftmax(row, logp)
		loss[r] = -logp[next[r]]
		for c, v := range logp {
			if row[c] = T(math.Exp(v)); v > logp[top[r]] {
				top[r] = int32(c)
			}
		}
		row[next[r]]--
	}
}

func (plain[T]) Attend(a blas.Attention, starts []int32, qkv, out []T) {
	eachHead(a, starts, qkv, func(h *attentionHead[T]) {
		for q := range h.n {
			p, mask := h.weights(q)
			for d := range a.Dim {
				var sum T
				for k := range h.n {
					sum += p[k] * mask[k] * *h.at(qkv, 2, k, d)
				}
				out[h.out(q, d)] = sum
			}
		}
	})
}

func (plain[T]) AttendGrad(a blas.Attention, starts []int32, qkv, dout, dqkv []T) {
	clear(dqkv)
	eachHead(a, starts, qkv, func(h *attentionHead[T]) {
		for q := range h.n {
			p, mask := h.weights(q)
			dp, mean := make([]T, h.n), T(0)
			for k := range h.n {
				for d := range a.Dim {
					g := dout[h.out(q, d)]
					*h.at(dqkv, 2, k, d) += p[k] * mask[k] * g
					dp[k] += mask[k] * g * *h.at(qkv, 2, k, d)
				}
				mean += p[k] * dp[k]
			}
			for k := range h.n {
				ds := T(a.Scale) * p[k] * (dp[k] - mean)
				for d := range a.Dim {
					*h.at(dqkv, 0, q, d) += ds * *h.at(qkv, 1, k, d)
					*h.at(dqkv, 1, k, d) += ds * *h.at(qkv, 0, q, d)
				}
			}
		}
	})
}

// attentionHead is one head of one sequence.
type attentionHead[T Float] struct {
	a        blas.Attention
	qkv      []T
	pair     int
	first, n int // tokens
}

func eachHead[T Float](a blas.Attention, starts []int32, qkv []T, f func(h *attentionHead[T])) {
	for pair := range (len(starts) - 1) * a.Heads {
		s := pair / a.Heads
		f(&attentionHead[T]{a: a, qkv: qkv, pair: pair, first: int(starts[s]), n: int(starts[s+1] - starts[s])})
	}
}

// at is element d of a token's query (0), key (1) or value (2).
func (h *attentionHead[T]) at(x []T, part, token, d int) *T {
	return &x[((h.first+token)*3+part)*h.a.Heads*h.a.Dim+h.pair%h.a.Heads*h.a.Dim+d]
}

// out is where element d of a token's result stands.
func (h *attentionHead[T]) out(token, d int) int {
	return (h.first+token)*h.a.Heads*h.a.Dim + h.pair%h.a.Heads*h.a.Dim + d
}

// weights returns a query's softmax over the keys, and its dropout mask, whose
// rows begin at multiples of 64.
func (h *attentionHead[T]) weights(q int) (p, mask []T) {
	p, mask = make([]T, h.n), make([]T, h.n)
	var sum T
	for k := range h.n {
		var dot T
		for d := range h.a.Dim {
			dot += *h.at(h.qkv, 0, q, d) * *h.at(h.qkv, 1, k, d)
		}
		if !h.a.Causal || k <= q {
			p[k] = T(math.Exp(float64(T(h.a.Scale) * dot)))
		}
		sum += p[k]
		mask[k] = factor[T](h.a.Drop, uint32(h.pair), q*((h.n+63)/64)*64+k)
	}
	for k := range p {
		p[k] /= sum
	}
	return p, mask
}
