package blas

/*
#include "kernels.h"
*/
import "C"

import (
	"sync"

	"automl/runner/finetune/pages"
)

// idle holds scratch memory between calls: as many slices as were ever in use
// at once.
var idle struct {
	sync.Mutex
	list [][]float32
}

// borrow returns scratch of at least n floats, of any content. All are large
// enough for a matrix product, so that few are ever made; memory that is never
// touched costs nothing.
func borrow(n int) []float32 {
	var s []float32
	idle.Lock()
	if last := len(idle.list) - 1; last >= 0 {
		s, idle.list = idle.list[last], idle.list[:last]
	}
	idle.Unlock()
	if len(s) < n {
		s = pages.Huge(make([]float32, max(n, C.BLAS_SCRATCH)))
	}
	return s
}

func giveBack(s []float32) {
	idle.Lock()
	idle.list = append(idle.list, s)
	idle.Unlock()
}
