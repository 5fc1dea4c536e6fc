package blas

/*
#cgo noescape blas_square_sums
#cgo nocallback blas_square_sums
#cgo noescape blas_outer_norm
#cgo nocallback blas_outer_norm
#cgo noescape blas_outer_move
#cgo nocallback blas_outer_move
#include "kernels.h"
*/
import "C"

// Passes over a gradient g (rows x cols) whose elementwise scale is the outer
// product of two vectors, as Adafactor's is. rowsChunk rows are summed by one
// goroutine, in float32; across chunks sums are in float64.
const rowsChunk = 256

// SquareSums computes the sums of the squares of g over each row, into row
// (rows), and over each column, into col (cols).
func SquareSums(rows, cols int, g []float32, row, col []float64) {
	check("square sums", rows*cols, g)
	if len(row) != rows || len(col) != cols {
		panic("blas: square sums: rows and columns of another size")
	}
	clear(col)
	part := make([][]float32, chunks(rows))
	eachChunk(rows, cols, func(c, lo, hi int) {
		part[c] = make([]float32, cols+hi-lo)
		C.blas_square_sums(active, C.int64_t(hi-lo), C.int64_t(cols), ptr(g[lo*cols:]), ptr(part[c][cols:]), ptr(part[c]))
		for i, v := range part[c][cols:] {
			row[lo+i] = float64(v)
		}
	})
	for _, p := range part {
		for i, v := range p[:cols] {
			col[i] += float64(v)
		}
	}
}

// OuterNorm returns the sum of the squares of row[r]*g[r][c]*col[c].
func OuterNorm(rows, cols int, g, row, col []float32) float64 {
	check("outer norm", rows*cols, g)
	check("outer norm rows", rows, row)
	check("outer norm columns", cols, col)
	part := make([]float64, chunks(rows))
	eachChunk(rows, cols, func(c, lo, hi int) {
		part[c] = float64(C.blas_outer_norm(active, C.int64_t(hi-lo), C.int64_t(cols), ptr(g[lo*cols:]), ptr(row[lo:]), ptr(col)))
	})
	sum := 0.0
	for _, p := range part {
		sum += p
	}
	return sum
}

// OuterMove computes w = keep*w - rate*row[r]*g[r][c]*col[c].
func OuterMove(rows, cols int, keep, rate float64, g, row, col, w []float32) {
	check("outer move", rows*cols, g, w)
	check("outer move rows", rows, row)
	check("outer move columns", cols, col)
	eachChunk(rows, cols, func(_, lo, hi int) {
		C.blas_outer_move(active, C.int64_t(hi-lo), C.int64_t(cols), C.float(keep), C.float(rate), ptr(g[lo*cols:]),
			ptr(row[lo:]), ptr(col), ptr(w[lo*cols:]))
	})
}

func chunks(rows int) int { return (rows + rowsChunk - 1) / rowsChunk }

// eachChunk calls f for every chunk of rows, in any order.
func eachChunk(rows, cols int, f func(chunk, lo, hi int)) {
	parallel(chunks(rows), 1, 8*rows*cols, func(from, to int) {
		for c := from; c < to; c++ {
			f(c, c*rowsChunk, min((c+1)*rowsChunk, rows))
		}
	})
}
