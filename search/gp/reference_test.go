package gp

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// reference is values of other libraries, see testdata/reference.py.
type reference struct {
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

func load(t *testing.T) reference {
	t.Helper()
	data, err := os.ReadFile("testdata/reference.json")
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func agree(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*max(1, math.Abs(want))) {
		t.Errorf("%s: %.15g, want %.15g", what, got, want)
	}
}

func TestLogHAgreesWithMpmath(t *testing.T) {
	for _, r := range load(t).LogH {
		v, cdf, density := logH(r[0])
		agree(t, "log h", v, r[1], 1e-13)
		agree(t, "Phi / h", cdf, r[2], 1e-10)
		agree(t, "phi / h", density, r[3], 1e-10)
	}
}

func (r reference) params() Params {
	return Params{Length: r.Smooth.Length, Scale: r.Smooth.Scale, Noise: r.Smooth.Noise}
}

func TestPosteriorAgreesWithScikitLearn(t *testing.T) {
	r := load(t)
	s := continuous(3)
	k := NewKernel(s, r.params())
	for i, x := range r.Smooth.X {
		for j, q := range r.Smooth.Queries {
			agree(t, "kernel", k.Value(x, q), r.Smooth.Kernel[i][j], 1e-12)
		}
	}
	g := NewPosterior(s, r.params(), r.Smooth.X, r.Smooth.Y, nil)
	agree(t, "constant mean", g.kernel.p.Mean, r.Smooth.MeanConstant, 1e-11)
	for i, q := range r.Smooth.Queries {
		mean, variance := g.At(q)
		agree(t, "mean", mean, r.Smooth.Mean[i], 1e-11)
		agree(t, "variance", variance, r.Smooth.Variance[i], 1e-11)
	}
}

func TestEvidenceAgreesWithScikitLearn(t *testing.T) {
	r := load(t)
	v := newEvidence(continuous(3), r.Smooth.X, r.Smooth.Y, nil, false)
	phi := make([]float64, v.layout.size)
	for i, l := range r.Smooth.Length {
		phi[i] = math.Log(l)
	}
	phi[v.layout.scale], phi[v.layout.noise] = math.Log(r.Smooth.Scale), math.Log(r.Smooth.Noise)
	grad := make([]float64, len(phi))
	prior := v.prior.add(phi, grad)
	want := -r.Smooth.LogLikelihood + prior + 0.5*r.Smooth.MeanConstant*r.Smooth.MeanConstant
	agree(t, "evidence", v.eval(phi, grad), want, 1e-11)
}

func TestSparseAgreesWithDenseMatrices(t *testing.T) {
	r := load(t)
	g := NewSparse(continuous(3), r.params(), r.Smooth.X, r.Smooth.Y, nil, r.Sparse.Inducing)
	agree(t, "constant mean", g.kernel.p.Mean, r.Sparse.MeanConstant, 1e-9)
	for i, q := range r.Smooth.Queries {
		mean, variance := g.At(q)
		agree(t, "mean", mean, r.Sparse.Mean[i], 1e-7)
		agree(t, "variance", variance, r.Sparse.Variance[i], 1e-7)
	}
}

// small is the tree of the reference.
func small() *Space {
	return &Space{Dims: []Dim{{}, {Choices: 3}, {Conditional: true}, {Choices: 2, Conditional: true}},
		Active: func(x []float64, d int) bool { return (x[1] == 0) == (d == 2) }}
}

func TestTreeKernelAgreesWithNumPy(t *testing.T) {
	r := load(t).Tree
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
			agree(t, "kernel", k.Value(a, b), r.Kernel[i][j], 1e-12)
		}
	}
}

func TestPowersAgreeWithSciPy(t *testing.T) {
	r := load(t)
	for _, c := range r.BoxCox {
		v, _ := boxCox(c[0], c[1])
		agree(t, "Box-Cox", v, c[2], 1e-12)
	}
	for _, c := range r.YeoJohnson {
		v, _ := yeoJohnson(c[0], c[1])
		agree(t, "Yeo-Johnson", v, c[2], 1e-12)
	}
}
