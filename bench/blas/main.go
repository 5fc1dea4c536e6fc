// Command blas measures the matrix products of the built-in trainer beside other BLAS libraries: the shapes of MiniLM (forward,
// gradients of inputs and of weights), of attention's heads and of a head, in GFLOP/s.
//
//	go run ./bench/blas -libraries openblas,mkl,/usr/lib/x86_64-linux-gnu/libblis.so.4
//
// All contestants take turns, and each one's best time counts, so that what else the machine does hits all alike. On one thread
// the clock is, where the system has one, the processor time of that thread.
package main

import (
	"flag"
	"fmt"
	"math"
	"os"
	"runtime"
	"strings"
	"time"

	"automl/runner/finetune/blas"
)

func main() {
	libraries := flag.String("libraries", "openblas,mkl,blis,accelerate", "names or paths of libraries, separated by commas; those that are absent are left out")
	threads := flag.Int("threads", 1, "threads of each contestant")
	rounds := flag.Duration("for", 300*time.Millisecond, "how long to measure each shape")
	filter := flag.String("shapes", "", "only shapes whose name has this part")
	kernel := flag.String("kernel", "own", "own kernel: avx512, avx2, neon or portable; own is the best")
	passesOnly := flag.Bool("passes", false, "measure what is not a matrix product, of the own kernels")
	flag.Parse()
	if err := blas.Choose(*kernel); err != nil {
		fmt.Fprintln(os.Stderr, "blas:", err)
		os.Exit(1)
	}
	runtime.LockOSThread()
	blas.SetThreads(*threads)
	runtime.GOMAXPROCS(blas.Procs(*threads))
	if *passesOnly {
		reportPasses(*rounds, *threads)
		return
	}
	all := contestants(*libraries, *threads)
	fmt.Printf("own kernel %s, %d threads\n\n| product |", blas.Kernel(), *threads)
	for _, c := range all {
		fmt.Printf(" %s |", c.name)
	}
	fmt.Printf(" own / best other |\n|---%s|---:|\n", strings.Repeat("|---:", len(all)))
	for _, s := range shapes {
		if strings.Contains(s.String(), *filter) {
			report(s, all, measure(s, all, *rounds, *threads))
		}
	}
}

// contestant computes products of one shape.
type contestant struct {
	name string
	own  bool
	// prepare returns a function that computes s once.
	prepare func(s shape, a, b, c []float32) func()
}

// contestants are the own kernels, with and without packing beforehand, and the libraries.
func contestants(libraries string, threads int) []contestant {
	all := []contestant{
		{"own", true, func(s shape, a, b, c []float32) func() { return s.call(a, b, c, blas.Gemm) }},
		{"own, packed before", true, func(s shape, a, b, c []float32) func() {
			var w blas.Packed
			w.Pack(s.transB, s.k, s.n, b, s.ldb())
			return func() { w.Gemm(s.transA, s.m, 1, a, s.lda(), 0, c, s.n, blas.Finish{}) }
		}},
	}
	for _, name := range strings.Split(libraries, ",") {
		l, err := blas.Open(name)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			continue
		}
		l.SetThreads(threads)
		fmt.Fprintln(os.Stderr, name, "is", l)
		all = append(all, contestant{name[strings.LastIndex(name, "/")+1:], false, func(s shape, a, b, c []float32) func() {
			return s.call(a, b, c, l.Gemm)
		}})
	}
	return all
}

// measure returns each contestant's best time, in seconds.
func measure(s shape, all []contestant, rounds time.Duration, threads int) []float64 {
	a, b, c := values(s.m*s.k), values(s.k*s.n), make([]float32, s.m*s.n)
	runs, best := make([]func(), len(all)), make([]float64, len(all))
	for i, x := range all {
		runs[i], best[i] = x.prepare(s, a, b, c), math.Inf(1)
	}
	repeat := 1 + 10_000_000/s.flops() // clocks are too coarse for one small product
	for start := time.Now(); time.Since(start) < rounds*time.Duration(len(all)); {
		for i, run := range runs {
			t := clock(threads)
			for range repeat {
				run()
			}
			best[i] = min(best[i], (clock(threads)-t)/float64(repeat))
		}
	}
	return best
}

func values(n int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(i%7) - 3
	}
	return x
}

func report(s shape, all []contestant, best []float64) {
	fmt.Printf("| %s |", s)
	own, other := best[0], math.Inf(1)
	for i, t := range best {
		fmt.Printf(" %.0f |", float64(s.flops())/t/1e9)
		if !all[i].own {
			other = min(other, t)
		}
	}
	fmt.Printf(" %.2f |\n", other/own)
}
