// Package blas is the single-precision arithmetic of the built-in trainer:
// matrix products, convolutions and the per-channel passes around them, in C
// with intrinsics, chosen at run time for the CPU at hand.
//
//	avx512   512-bit vectors, but for convolutions and their batch norm, which are as in avx2
//	avx2     AVX2 and FMA
//	neon     64-bit ARM
//	portable any CPU, through the compiler's generic vectors
//
// Nothing needs installing, and one binary runs on every CPU of its
// architecture: only the chosen kernel's instructions are executed. At start a
// kernel must reproduce a small product computed by plain loops, or the next
// one down the list is taken.
//
// Duties and promises:
//
//   - Results do not depend on the number of threads or on timing: every output
//     value is computed by one goroutine, in a fixed order of additions. They do
//     depend, in the last bits, on the kernel.
//   - Scratch memory is kept between calls; a call allocates none after its
//     first.
//   - Matrices and images are row-major. Arguments that do not fit their
//     buffers panic before any C code runs.
package blas
