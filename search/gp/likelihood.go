package gp

import "math"

// evidence is the negative logarithm of the posterior density of the hyperparameters given n observations, up to a constant,
// with its gradient, as a function of
//
//	phi = (log lengths and weights of the free coordinates, log Gap if any is conditional, log Scale, log Noise,
//	       log a and log b of the coordinates in [0, 1] if inputs are warped)
//
// (Rasmussen & Williams 2006, eq. 5.8 and 5.9). The mean is not part of phi: for given phi the best one is known in closed
// form, and it leaves the gradient as it is.
type evidence struct {
	kernel *Kernel
	layout phiLayout
	prior  prior
	x      [][]float64
	y      []float64 // (n)
	noise  []float64 // (n), nil: none of its own

	pairs  []float64 // (n(n-1)/2 x features), squared distances at lengthscale 1
	unlike []float64 // (n(n-1)/2 x categorical), 1 where they differ
	warp   *warpWork // nil: inputs are not warped

	k, w, u, inverse matrix
	by               []float64 // (n(n-1)/2), derivative of the kernel by the squared distance
	alpha, ones, r   []float64
	mean             float64
}

// phiLayout is where phi keeps what.
type phiLayout struct {
	cat, gap, scale, noise, warp, size int // first positions, those of lengths being 0; gap is -1 without conditional coordinates, warp without warp
}

func newPhiLayout(k *Kernel, warp bool) phiLayout {
	l := phiLayout{cat: len(k.num), gap: -1, warp: -1}
	at := len(k.num) + len(k.cat)
	for _, c := range k.num {
		if c.conditional && l.gap < 0 {
			l.gap = at
			at++
		}
	}
	l.scale, l.noise = at, at+1
	at += 2
	if warp {
		l.warp = at
		at += 2 * len(k.num)
	}
	l.size = at
	return l
}

// features is how many columns pairs has.
func (l phiLayout) features() int {
	if l.gap >= 0 {
		return l.cat + 1
	}
	return l.cat
}

func newEvidence(s *Space, x [][]float64, y, noise []float64, warp bool) *evidence {
	kernel := NewKernel(s, Params{})
	n := len(x)
	v := &evidence{kernel: kernel, layout: newPhiLayout(kernel, warp), x: x, y: y, noise: noise, k: newMatrix(n), w: newMatrix(n), u: newMatrix(n), inverse: newMatrix(n),
		by: make([]float64, n*(n-1)/2), alpha: make([]float64, n), ones: make([]float64, n), r: make([]float64, n)}
	v.prior = newPrior(s, v.layout)
	v.pairs = make([]float64, len(v.by)*v.layout.features())
	v.unlike = make([]float64, len(v.by)*len(kernel.cat))
	if warp {
		v.warp = newWarpWork(n, len(kernel.num))
	}
	v.fillPairs(func(i int, c place) float64 { return x[i][c.d] })
	v.fillUnlike()
	return v
}

// fillPairs computes the squared distances of coordinates in [0, 1].
func (v *evidence) fillPairs(at func(i int, c place) float64) {
	f := v.layout.features()
	col := make([]float64, len(v.x))
	for j, c := range v.kernel.num {
		for i := range col {
			col[i] = at(i, c)
		}
		p := j
		for i := range col {
			for _, b := range col[:i] {
				v.pairs[p] = squared(col[i], b, c.conditional)
				p += f
			}
		}
	}
	if v.layout.gap >= 0 {
		v.fillGaps(f)
	}
}

func (v *evidence) fillGaps(f int) {
	p := f - 1
	for i := range v.x {
		for k := range i {
			v.pairs[p] = 0
			for _, c := range v.kernel.num {
				if c.conditional && math.IsNaN(v.x[i][c.d]) != math.IsNaN(v.x[k][c.d]) {
					v.pairs[p]++
				}
			}
			p += f
		}
	}
}

// squared is the squared distance of two values at lengthscale 1 and Gap 0.
func squared(a, b float64, conditional bool) float64 {
	switch {
	case !conditional:
		return (a - b) * (a - b)
	case math.IsNaN(a) && math.IsNaN(b):
		return 0
	case math.IsNaN(a) || math.IsNaN(b):
		return 1 / (arc * arc)
	}
	chord := 2 / arc * math.Sin(arc/2*(a-b))
	return chord * chord
}

func (v *evidence) fillUnlike() {
	p := 0
	for i := range v.x {
		for k := range i {
			for _, d := range v.kernel.cat {
				a, b := v.x[i][d], v.x[k][d]
				if a != b && !(math.IsNaN(a) && math.IsNaN(b)) {
					v.unlike[p] = 1
				}
				p++
			}
		}
	}
}

// params are the hyperparameters of phi, with the mean of the last evaluation.
func (v *evidence) params(phi []float64) Params {
	l, k := v.layout, v.kernel
	p := Params{Length: make([]float64, len(k.space.Dims)), Scale: math.Exp(phi[l.scale]), Noise: math.Exp(phi[l.noise]), Mean: v.mean}
	for j, c := range k.num {
		p.Length[c.d] = math.Exp(phi[j])
	}
	for j, d := range k.cat {
		p.Length[d] = math.Exp(phi[l.cat+j])
	}
	if l.gap >= 0 {
		p.Gap = math.Exp(phi[l.gap])
	}
	if l.warp >= 0 {
		p.A, p.B = make([]float64, len(p.Length)), make([]float64, len(p.Length))
		for j, c := range k.num {
			p.A[c.d], p.B[c.d] = math.Exp(phi[l.warp+2*j]), math.Exp(phi[l.warp+2*j+1])
		}
	}
	return p
}

// eval is the objective of the fit.
func (v *evidence) eval(phi, grad []float64) float64 {
	if v.warp != nil {
		v.warp.fill(v, phi)
	}
	v.fillGram(phi)
	if !cholesky(v.k, v.w) {
		return math.Inf(1)
	}
	value := v.solve()
	invert(v.w, v.u, v.inverse)
	v.gradient(phi, grad)
	return value + v.prior.add(phi, grad)
}

// weights are what the features and the categorical coordinates are multiplied by.
func (v *evidence) weights(phi []float64) (theta, omega []float64) {
	l := v.layout
	theta, omega = make([]float64, l.features()), make([]float64, len(v.kernel.cat))
	for j := range v.kernel.num {
		theta[j] = math.Exp(-2 * phi[j])
	}
	if l.gap >= 0 {
		theta[l.cat] = math.Exp(phi[l.gap])
	}
	for j := range omega {
		omega[j] = math.Exp(phi[l.cat+j])
	}
	return theta, omega
}

func (v *evidence) fillGram(phi []float64) {
	theta, omega := v.weights(phi)
	scale, noise := math.Exp(phi[v.layout.scale]), math.Exp(phi[v.layout.noise])
	f, c, p := len(theta), len(omega), 0
	for i := range v.x {
		row := v.k.row(i)
		for j := range i {
			r2, h := 0.0, 0.0
			for q, t := range v.pairs[p*f : (p+1)*f] {
				r2 += theta[q] * t
			}
			for q, t := range v.unlike[p*c : (p+1)*c] {
				h += omega[q] * t
			}
			value, by := matern(r2, h)
			row[j], v.by[p] = scale*value, scale*by
			p++
		}
		row[i] = scale + noise
		if v.noise != nil {
			row[i] += v.noise[i]
		}
	}
}

// solve sets the mean and alpha = K^-1 (y - mean) from the factor in w. The mean has a standard normal prior.
func (v *evidence) solve() float64 {
	copy(v.alpha, v.y)
	for i := range v.ones {
		v.ones[i] = 1
	}
	for _, b := range [][]float64{v.alpha, v.ones} {
		solveLower(v.w, b)
	}
	v.mean = dot(v.alpha, v.ones) / (dot(v.ones, v.ones) + 1)
	value := 0.5*float64(len(v.y))*math.Log(2*math.Pi) + 0.5*v.mean*v.mean
	for i := range v.alpha {
		v.alpha[i] -= v.mean * v.ones[i]
		value += 0.5*v.alpha[i]*v.alpha[i] + math.Log(v.w.data[i*v.w.n+i])
	}
	solveUpper(v.w, v.alpha)
	return value
}

// gradient is eq. 5.9: half the trace of (K^-1 - alpha alpha^T) dK, which inverse has.
func (v *evidence) gradient(phi, grad []float64) {
	clear(grad)
	l, f, c, p := v.layout, v.layout.features(), len(v.kernel.cat), 0
	byFeature, byCat, diagonal, scale := make([]float64, f), make([]float64, c), 0.0, 0.0
	for i := range v.x {
		row, k := v.inverse.row(i), v.k.row(i)
		for j := range i {
			w := row[j] - v.alpha[i]*v.alpha[j]
			q := w * v.by[p]
			axpy(q, v.pairs[p*f:(p+1)*f], byFeature)
			w *= k[j]
			scale += w
			if c > 0 {
				axpy(w, v.unlike[p*c:(p+1)*c], byCat)
			}
			v.by[p] = q
			p++
		}
		diagonal += 0.5 * (row[i] - v.alpha[i]*v.alpha[i])
	}
	theta, omega := v.weights(phi)
	for j := range v.kernel.num {
		grad[j] = -2 * theta[j] * byFeature[j]
	}
	for j := range omega {
		grad[l.cat+j] = -omega[j] * byCat[j]
	}
	if l.gap >= 0 {
		grad[l.gap] = theta[l.cat] * byFeature[l.cat]
	}
	grad[l.scale] = scale + diagonal*math.Exp(phi[l.scale])
	grad[l.noise] = diagonal * math.Exp(phi[l.noise])
	if v.warp != nil {
		v.warp.gradient(v, theta, grad)
	}
}
