package main

import (
	"fmt"

	"automl/runner/finetune/blas"
)

// shape is a product of m x k by k x n.
type shape struct {
	what           string
	m, n, k        int
	transA, transB bool
}

// tokens in a batch of 16 texts of 32, and of 64, of MiniLM: 384 wide, 1536 in between, 12 heads of 32.
var shapes = append(append(layers(512), layers(2048)...),
	shape{"attention Q K^T", 32, 32, 32, false, true},
	shape{"attention P V", 32, 32, 32, false, false},
	shape{"attention P^T dO", 32, 32, 32, true, false},
	shape{"attention Q K^T", 128, 128, 32, false, true},
	shape{"attention P V", 128, 32, 128, false, false},
	shape{"head", 16, 77, 384, false, true},
	shape{"head, gradient of inputs", 16, 384, 77, false, false},
	shape{"head, gradient of weights", 77, 384, 16, true, false},
)

// layers are the products of one encoder layer.
func layers(tokens int) []shape {
	return []shape{
		{"projection", tokens, 384, 384, false, true},
		{"intermediate", tokens, 1536, 384, false, true},
		{"output", tokens, 384, 1536, false, true},
		{"projection, gradient of inputs", tokens, 384, 384, false, false},
		{"intermediate, gradient of inputs", tokens, 384, 1536, false, false},
		{"output, gradient of inputs", tokens, 1536, 384, false, false},
		{"projection, gradient of weights", 384, 384, tokens, true, false},
		{"intermediate, gradient of weights", 1536, 384, tokens, true, false},
		{"output, gradient of weights", 384, 1536, tokens, true, false},
	}
}

func (s shape) flops() int { return 2 * s.m * s.n * s.k }

func (s shape) lda() int {
	if s.transA {
		return s.m
	}
	return s.k
}

func (s shape) ldb() int {
	if s.transB {
		return s.k
	}
	return s.n
}

// call returns a call of f on s.
func (s shape) call(a, b, c []float32, f blas.GemmFunc) func() {
	return func() { f(s.transA, s.transB, s.m, s.n, s.k, 1, a, s.lda(), b, s.ldb(), 0, c, s.n) }
}

func (s shape) String() string { return fmt.Sprintf("%s %dx%dx%d", s.what, s.m, s.n, s.k) }
