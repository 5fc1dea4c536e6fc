// Eight floats in one AVX register.
#include <immintrin.h>

typedef __m256 v8;
#define v8_load(p) _mm256_loadu_ps(p)
#define v8_load44(p, q) _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(q), 1)
#define v8_store(p, x) _mm256_storeu_ps(p, x)
#define v8_zero() _mm256_setzero_ps()
#define v8_set1(f) _mm256_set1_ps(f)
#define v8_add(a, b) _mm256_add_ps(a, b)
#define v8_sub(a, b) _mm256_sub_ps(a, b)
#define v8_mul(a, b) _mm256_mul_ps(a, b)
#define v8_fma(acc, a, b) _mm256_fmadd_ps(a, b, acc)
// max(0, x) with the operands in the order that lets a NaN through.
#define v8_relu(x) _mm256_max_ps(_mm256_setzero_ps(), x)
// g where y > 0, else 0.
#define v8_where_positive(y, g) _mm256_and_ps(_mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_GT_OQ), g)

__attribute__((target("avx2,fma"), always_inline)) static inline float v8_sum(v8 x) {
	__m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
