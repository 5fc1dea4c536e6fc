package blas

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
)

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for name, want := range map[string]string{
		"atlas":           "openblas, mkl, blis, accelerate",
		"/nowhere/lib.so": "/nowhere/lib.so",
	} {
		if _, err := Open(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open(%q): %v, want %q in it", name, err, want)
		}
	}
	for _, name := range []string{"", "own"} {
		if err := Choose(name); err != nil || library.Load() != nil {
			t.Errorf("Choose(%q): %v", name, err)
		}
	}
	if err := Choose("/nowhere/lib.so"); err == nil {
		t.Error("an absent library was chosen")
	}
}

// A library that computes wrong is refused: sameProducts must notice.
func TestWrongProductsAreNoticed(t *testing.T) {
	if !sameProducts(5, 6, 7, true, false, Gemm) {
		t.Error("the own kernel is called wrong")
	}
	lazy := func(transA, transB bool, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
		Gemm(transA, transB, m, n, k-1, alpha, a, lda, b, ldb, beta, c, ldc)
	}
	if sameProducts(5, 6, 7, false, false, lazy) {
		t.Error("a product that leaves out a step passes")
	}
}

// With a library, everything that Gemm promises still holds. It runs with the
// libraries of this machine, if any, or the one that AUTOML_BLAS names.
func TestLibraries(t *testing.T) {
	defer UseLibrary(nil)
	defer SetThreads(1)
	found := false
	for _, name := range append(Names(), os.Getenv("AUTOML_BLAS")) {
		l, err := Open(name)
		if err != nil {
			continue
		}
		found = true
		t.Run(name, func(t *testing.T) {
			UseLibrary(l)
			rng := rand.New(rand.NewPCG(1, 1))
			for _, threads := range []int{1, 3} {
				SetThreads(threads)
				for mode := range 4 {
					x := newFinishCase(rng, 200, 170, 100, mode&1 > 0, mode&2 > 0)
					c, slope := x.want()
					got := x.clear()
					GemmFinish(x.transA, x.transB, x.m, x.n, x.k, 0.1, x.a, x.lda, x.b, x.ldb, 0.5, got.c, x.ldc, got.f)
					near(t, l.String(), got.c, c, 1e-5)
					near(t, l.String()+" slope", got.f.Slope, slope, 2e-6)
				}
			}
		})
	}
	if !found {
		t.Skip("this machine has no other BLAS library")
	}
}
