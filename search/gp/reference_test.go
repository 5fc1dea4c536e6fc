package gp

import (
	"math"
	"testing"

	"automl/search/internal/reference"
)

// values holds values of other libraries, see testdata/reference.py.
type values struct {
	LogH   [][4]float64 `json:"log_h"`
	Smooth struct {
		X, Queries, Kernel [][]float64
		Y, Length          []float64
		Scale, Noise       float64
		MeanConstant       float64 `json:"mean_constant"`
		LogLikelihood      float64 `json:"log_likelihood"`
		Mean, Variance     []float64
	}
	Sparse struct {
		Inducing       []int
		MeanConstant   float64 `json:"mean_constant"`
		Mean, Variance []float64
	}
	Tree struct {
		Points     [][]*float64
		Length     []float64
		Gap, Scale float64
		Kernel     [][]float64
	}
	BoxCox     [][3]float64 `json:"box_cox"`
	YeoJohnson [][3]float64 `json:"yeo_johnson"`
}

func TestLogHAgreesWithMpmath(t *testing.T) {
	for _, r := range reference.Load[values](t).LogH {
		v, cdf, density := logH(r[0])
		reference.Agree(t, "log h", v, r[1], 1e-13)
		reference.Agree(t, "Phi / h", cdf, r[2], 1e-10)
		reference.Agree(t, "phi / h", density, r[3], 1e-10)
	}
}

func (r values) params() Params {
	return Params{Length: r.Smooth.Length, Scale: r.Smooth.Scale, Noise: r.Smooth.Noise}
}

func TestPosteriorAgreesWithScikitLearn(t *testing.T) {
	r := reference.Load[values](t)
	s := continuous(3)
	k := NewKernel(s, r.params())
	for i, x := range r.Smooth.X {
		for j, q := range r.Smooth.Queries {
			reference.Agree(t, "kernel", k.Value(x, q), r.Smooth.Kernel[i][j], 1e-12)
		}
	}
	g := NewPosterior(s, r.params(), r.Smooth.X, r.Smooth.Y, nil)
	reference.Agree(t, "constant mean", g.kernel.p.Mean, r.Smooth.MeanConstant, 1e-11)
	for i, q := range r.Smooth.Queries {
		mean, variance := g.At(q)
		reference.Agree(t, "mean", mean, r.Smooth.Mean[i], 1e-11)
		reference.Agree(t, "variance", variance, r.Smooth.Variance[i], 1e-11)
	}
}

func TestEvidenceAgreesWithScikitLearn(t *testing.T) {
	r := reference.Load[values](t)
	v := newEvidence(continuous(3), r.Smooth.X, r.Smooth.Y, nil, false)
	phi := make([]float64, v.layout.size)
	for i, l := range r.Smooth.Length {
		phi[i] = math.Log(l)
	}
	phi[v.layout.scale], phi[v.layout.noise] = math.Log(r.Smooth.Scale), math.Log(r.Smooth.Noise)
	grad := make([]float64, len(phi))
	prior := v.prior.add(phi, grad)
	want := -r.Smooth.LogLikelihood + prior + 0.5*r.Smooth.MeanConstant*r.Smooth.MeanConstant
	reference.Agree(t, "evidence", v.eval(phi, grad), want, 1e-11)
}

func TestSparseAgreesWithDenseMatrices(t *testing.T) {
	r := reference.Load[values](t)
	g := NewSparse(continuous(3), r.params(), r.Smooth.X, r.Smooth.Y, nil, r.Sparse.Inducing)
	reference.Agree(t, "constant mean", g.kernel.p.Mean, r.Sparse.MeanConstant, 1e-9)
	for i, q := range r.Smooth.Queries {
		mean, variance := g.At(q)
		reference.Agree(t, "mean", mean, r.Sparse.Mean[i], 1e-7)
		reference.Agree(t, "variance", variance, r.Sparse.Variance[i], 1e-7)
	}
}

// small is the tree of the reference.
func small() *Space {
	return &Space{Dims: []Dim{{}, {Choices: 3}, {Conditional: true}, {Choices: 2, Conditional: true}},
		Active: func(x []float64, d int) bool { return (x[1] == 0) == (d == 2) }}
}

func TestTreeKernelAgreesWithNumPy(t *testing.T) {
	r := reference.Load[values](t).Tree
	k := NewKernel(small(), Params{Length: r.Length, Gap: r.Gap, Scale: r.Scale})
	x := make([][]float64, len(r.Points))
	for i, p := range r.Points {
		for _, v := range p {
			if v == nil {
				x[i] = append(x[i], math.NaN())
			} else {
				x[i] = append(x[i], *v)
			}
		}
	}
	for i, a := range x {
		for j, b := range x {
			reference.Agree(t, "kernel", k.Value(a, b), r.Kernel[i][j], 1e-12)
		}
	}
}

func TestPowersAgreeWithSciPy(t *testing.T) {
	r := reference.Load[values](t)
	for _, c := range r.BoxCox {
		v, _ := boxCox(c[0], c[1])
		reference.Agree(t, "Box-Cox", v, c[2], 1e-12)
	}
	for _, c := range r.YeoJohnson {
		v, _ := yeoJohnson(c[0], c[1])
		reference.Agree(t, "Yeo-Johnson", v, c[2], 1e-12)
	}
}
