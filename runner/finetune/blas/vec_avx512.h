// The generic vector operations V_* on sixteen floats, with AVX-512F alone.
#include <immintrin.h>

#define V __m512
#define VW 16
#define V_ZERO() _mm512_setzero_ps()
#define V_SET1(f) _mm512_set1_ps(f)
#define V_LOAD(p) _mm512_loadu_ps(p)
#define V_STORE(p, x) _mm512_storeu_ps(p, x)
#define V_ADD(a, b) _mm512_add_ps(a, b)
#define V_SUB(a, b) _mm512_sub_ps(a, b)
#define V_MUL(a, b) _mm512_mul_ps(a, b)
#define V_FMA(acc, a, b) _mm512_fmadd_ps(a, b, acc)
#define V_DIV(a, b) _mm512_div_ps(a, b)
#define V_SQRT(x) _mm512_sqrt_ps(x)
#define V_ABS(x) _mm512_abs_ps(x)
#define V_MIN(a, b) _mm512_min_ps(a, b) // b if one is NaN, as in the other headers
#define V_MAX(a, b) _mm512_max_ps(a, b)
#define V_ROUND(x) _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT)
#define V_SUM(x) _mm512_reduce_add_ps(x)
#define V_TOP(x) _mm512_reduce_max_ps(x)
#define V_LDEXP(x, n) _mm512_scalef_ps(x, n)
#define V_UNLESS_LESS(x, low, r) _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, low, _CMP_NLT_UQ), r)
#define V_IF_NEGATIVE(x, a, b) _mm512_mask_mov_ps(b, _mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_LT_OQ), a)
#define V_LANES(n) ((__mmask16)((1u << (n)) - 1))
#define V_LOADN(p, n) _mm512_maskz_loadu_ps(V_LANES(n), p)
#define V_STOREN(p, x, n) _mm512_mask_storeu_ps(p, V_LANES(n), x)
#define V_FIRST(x, fill, n) _mm512_mask_mov_ps(fill, V_LANES(n), x)
