#if defined(__x86_64__)
#include "kernels.h"
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f")))
#define NAME(x) x##_avx512
#define GEMM_MR 8 // 24 sums, 3 columns and a broadcast of the 32 registers
#define V __m512
#define VW 16
#define V_ZERO() _mm512_setzero_ps()
#define V_SET1(f) _mm512_set1_ps(f)
#define V_LOAD(p) _mm512_loadu_ps(p)
#define V_STORE(p, x) _mm512_storeu_ps(p, x)
#define V_MUL(a, b) _mm512_mul_ps(a, b)
#define V_FMA(acc, a, b) _mm512_fmadd_ps(a, b, acc)

#include "gemm_kernel.inc"

// Only the matrix product is worth 512 bits: image rows are 4 to 32 pixels.
const struct kernels kernels_avx512 = {.name = "avx512", .mr = GEMM_MR, .nr = 3 * VW, .gemm = gemm_avx512};
#endif
