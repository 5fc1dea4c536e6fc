package blas

/*
#cgo linux LDFLAGS: -ldl
#cgo noescape library_gemm
#cgo nocallback library_gemm
#include <stdlib.h>
#include "library.h"
*/
import "C"

import (
	"fmt"
	"strings"
	"sync/atomic"
	"unsafe"
)

// Library is another BLAS, opened at run time: OpenBLAS, MKL, BLIS or
// Accelerate. Nothing of this program needs one.
type Library struct {
	Name string // as given to Open
	Path string // that was opened
	c    C.struct_library
}

// known are the places where libraries of a name are looked for, in order; the
// system's loader searches its own folders for those without a slash.
var known = map[string][]string{
	"openblas": {"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib", "/opt/homebrew/opt/openblas/lib/libopenblas.dylib"},
	"mkl":      {"libmkl_rt.so.3", "libmkl_rt.so.2", "libmkl_rt.so.1", "libmkl_rt.so", "libmkl_rt.dylib"},
	"blis":     {"libblis.so.4", "libblis.so", "libblis.dylib"},
	// Only on Apple's computers, where its matrix unit is open to no one else.
	"accelerate": {"/System/Library/Frameworks/Accelerate.framework/Accelerate"},
}

// Names lists the libraries that Open knows by name.
func Names() []string { return []string{"openblas", "mkl", "blis", "accelerate"} }

// Open opens a library by name or, if the name has a slash, by path, and checks
// it: it must compute small products of all forms exactly. Its own threads are
// turned off; large products are divided by this package.
func Open(name string) (*Library, error) {
	paths := known[name]
	if strings.Contains(name, "/") {
		paths = []string{name}
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%q is neither own nor a kernel that this CPU can run, nor one of %s, nor the path of a library", name, strings.Join(Names(), ", "))
	}
	var why string
	for _, path := range paths {
		l := &Library{Name: name, Path: path}
		p := C.CString(path)
		reason := C.library_open(p, &l.c)
		C.free(unsafe.Pointer(p))
		if reason != nil {
			if why == "" {
				why = C.GoString(reason)
			}
			continue
		}
		l.SetThreads(1)
		if err := l.check(); err != nil {
			return nil, err
		}
		return l, nil
	}
	return nil, fmt.Errorf("no BLAS library %s can be opened: %s", name, why)
}

// SetThreads tells the library how many threads of its own to use: 1 after
// Open. It has no effect on libraries that can not be told.
func (l *Library) SetThreads(n int) { C.library_set_threads(&l.c, C.int(n)) }

// Gemm is blas.Gemm by the library.
func (l *Library) Gemm(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	checkMatrix("a", transA, m, k, len(a), lda)
	checkMatrix("b", transB, k, n, len(b), ldb)
	checkMatrix("c", false, m, n, len(c), ldc)
	if m > 0 && n > 0 && k > 0 {
		C.library_gemm(&l.c, flag(transA), flag(transB), C.int64_t(m), C.int64_t(n), C.int64_t(k), C.float(alpha), ptr(a), C.int64_t(lda),
			ptr(b), C.int64_t(ldb), C.float(beta), ptr(c), C.int64_t(ldc))
	}
}

// String describes the library: its path and, if it tells, version and the CPU
// that it takes this one for.
func (l *Library) String() string {
	words := strings.Fields(C.GoString(C.library_config(&l.c)))
	s := l.Path
	if len(words) > 1 {
		s += " (" + words[0] + " " + words[1] + ", for " + C.GoString(C.library_core(&l.c)) + ")"
	}
	return s
}

// check compares products of small integers, exact in any order of additions.
func (l *Library) check() error {
	for mode := range 4 {
		for _, s := range [][3]int{{3, 5, 2}, {37, 50, 65}} {
			m, n, k, transA, transB := s[0], s[1], s[2], mode&1 > 0, mode&2 > 0
			if !sameProducts(m, n, k, transA, transB, l.Gemm) {
				return fmt.Errorf("the BLAS library %s computes wrong products (%d x %d x %d, transposed %v %v)", l.Path, m, n, k, transA, transB)
			}
		}
	}
	return nil
}

// sameProducts reports whether f computes a product as plain loops do.
func sameProducts(m, n, k int, transA, transB bool, f GemmFunc) bool {
	a, b, c, want := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n), make([]float32, m*n)
	for i := range a {
		a[i] = float32(i%7) - 3
	}
	for i := range b {
		b[i] = float32(i%5) - 2
	}
	lda, ldb := k, n
	if transA {
		lda = m
	}
	if transB {
		ldb = k
	}
	for i := range want {
		c[i] = float32(i % 3)
		want[i] = 2 * c[i]
		for p := range k {
			ia, ib := i/n*lda+p, p*ldb+i%n
			if transA {
				ia = p*lda + i/n
			}
			if transB {
				ib = i%n*ldb + p
			}
			want[i] += a[ia] * b[ib]
		}
	}
	f(transA, transB, m, n, k, 1, a, lda, b, ldb, 2, c, n)
	for i := range want {
		if c[i] != want[i] {
			return false
		}
	}
	return true
}

// library computes products instead of the kernel, if not nil.
var library atomic.Pointer[Library]

// Choose decides what computes from now on: the best of the own kernels if name
// is empty or "own", a certain one (avx512, avx2, neon, portable), or a library by
// name or path. It is for the start of a program, before anything is computed.
func Choose(name string) error {
	if name == "" || name == "own" {
		active = choose()
		UseLibrary(nil)
		return nil
	}
	if k := find(name); k != nil {
		active = k
		UseLibrary(nil)
		return nil
	}
	l, err := Open(name)
	if err == nil {
		UseLibrary(l)
	}
	return err
}

// UseLibrary makes Gemm, GemmFinish and Packed.Gemm compute with l, or with the
// own kernels again if l is nil. Batches, attention and convolutions stay with
// the own kernels, and so do results that must not depend on the number of
// threads: libraries promise no such thing.
func UseLibrary(l *Library) { library.Store(l) }
