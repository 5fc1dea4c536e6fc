package onnx

import (
	"errors"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// operator computes the output of a node from its inputs.
type operator func(n node, in []*Tensor) (*Tensor, error)

// operators is what this package can evaluate.
var operators = map[string]operator{
	"Add":                binary2(func(a, b float32) float32 { return a + b }, func(a, b int64) int64 { return a + b }),
	"Sub":                binary2(func(a, b float32) float32 { return a - b }, func(a, b int64) int64 { return a - b }),
	"Mul":                binary2(func(a, b float32) float32 { return a * b }, func(a, b int64) int64 { return a * b }),
	"Div":                binary2(func(a, b float32) float32 { return a / b }, func(a, b int64) int64 { return a / b }),
	"Relu":               unary(func(x float32) float32 { return max(x, 0) }),
	"Log":                unary(func(x float32) float32 { return float32(math.Log(float64(x))) }),
	"Exp":                unary(func(x float32) float32 { return float32(math.Exp(float64(x))) }),
	"Sigmoid":            unary(func(x float32) float32 { return float32(1 / (1 + math.Exp(-float64(x)))) }),
	"Cast":               cast,
	"Gemm":               gemm,
	"BatchNormalization": normalize,
	"Gather":             gather,
	"Unsqueeze":          unsqueeze,
	"Concat":             concat,
	"Slice":              slice,
	"Shape":              shape,
}

var errShape = errors.New("shapes or types that are not supported")

func unary(f func(float32) float32) operator {
	return func(_ node, in []*Tensor) (*Tensor, error) {
		out := &Tensor{Dims: in[0].Dims, Floats: make([]float32, len(in[0].Floats))}
		for i, x := range in[0].Floats {
			out.Floats[i] = f(x)
		}
		return out, nil
	}
}

// binary2 works element by element on two tensors of one size, or on a tensor and a number.
func binary2(f func(a, b float32) float32, g func(a, b int64) int64) operator {
	return func(_ node, in []*Tensor) (*Tensor, error) {
		a, b := in[0], in[1]
		out := &Tensor{Dims: a.Dims}
		if len(b.Dims) > len(a.Dims) {
			out.Dims = b.Dims
		}
		var err error
		if a.Ints != nil {
			out.Ints, err = pairs(a.Ints, b.Ints, g)
		} else {
			out.Floats, err = pairs(a.Floats, b.Floats, f)
		}
		return out, err
	}
}

func pairs[T float32 | int64](a, b []T, f func(a, b T) T) ([]T, error) {
	n := max(len(a), len(b))
	if len(a) != n && len(a) != 1 || len(b) != n && len(b) != 1 {
		return nil, errShape
	}
	out := make([]T, n)
	for i := range out {
		out[i] = f(a[min(i, len(a)-1)], b[min(i, len(b)-1)])
	}
	return out, nil
}

func cast(n node, in []*Tensor) (*Tensor, error) {
	if to := n.ints["to"]; len(to) != 1 || to[0] != typeFloat || in[0].Floats == nil {
		return nil, errShape
	}
	return in[0], nil
}

// gemm is x (m, k) times w (n, k) transposed plus bias (n).
func gemm(n node, in []*Tensor) (*Tensor, error) {
	if len(in) != 3 || len(n.ints["transB"]) != 1 || len(in[0].Dims) != 2 || len(in[1].Dims) != 2 {
		return nil, errShape
	}
	x, w, bias := in[0], in[1], in[2]
	rows, k, cols := x.Dims[0], x.Dims[1], w.Dims[0]
	if w.Dims[1] != k || len(bias.Floats) != cols || n.num["alpha"] != 1 || n.num["beta"] != 1 {
		return nil, errShape
	}
	out := &Tensor{Dims: []int{rows, cols}, Floats: make([]float32, rows*cols)}
	for i := range rows {
		copy(out.Floats[i*cols:], bias.Floats)
		gonum.Implementation{}.Sgemv(blas.NoTrans, cols, k, 1, w.Floats, k, x.Floats[i*k:(i+1)*k], 1, 1, out.Floats[i*cols:], 1)
	}
	return out, nil
}

// normalize is batch normalization with stored moments, of x (m, n).
func normalize(n node, in []*Tensor) (*Tensor, error) {
	if len(in) != 5 || len(in[0].Dims) != 2 {
		return nil, errShape
	}
	x, cols := in[0], in[0].Dims[1]
	scale, shift := make([]float32, cols), make([]float32, cols)
	for j := range cols {
		s := float64(in[1].Floats[j]) / math.Sqrt(float64(in[4].Floats[j])+float64(n.num["epsilon"]))
		scale[j], shift[j] = float32(s), float32(float64(in[2].Floats[j])-float64(in[3].Floats[j])*s)
	}
	out := &Tensor{Dims: x.Dims, Floats: make([]float32, len(x.Floats))}
	for i, v := range x.Floats {
		out.Floats[i] = v*scale[i%cols] + shift[i%cols]
	}
	return out, nil
}
