// Eight floats in one AVX register.
#include <immintrin.h>
#include <stdint.h>

typedef __m256 v8;
#define v8_load(p) _mm256_loadu_ps(p)
#define v8_load44(p, q) _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(p)), _mm_loadu_ps(q), 1)
#define v8_store(p, x) _mm256_storeu_ps(p, x)
#define v8_zero() _mm256_setzero_ps()
#define v8_set1(f) _mm256_set1_ps(f)
#define v8_add(a, b) _mm256_add_ps(a, b)
#define v8_sub(a, b) _mm256_sub_ps(a, b)
#define v8_div(a, b) _mm256_div_ps(a, b)
#define v8_sqrt(x) _mm256_sqrt_ps(x)
#define v8_abs(x) _mm256_andnot_ps(_mm256_set1_ps(-0.0f), x)
#define v8_min(a, b) _mm256_min_ps(a, b) // b if one is NaN
#define v8_max(a, b) _mm256_max_ps(a, b)
#define v8_round(x) _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC)
#define v8_mul(a, b) _mm256_mul_ps(a, b)
#define v8_fma(acc, a, b) _mm256_fmadd_ps(a, b, acc)
// max(0, x) with the operands in the order that lets a NaN through.
#define v8_relu(x) _mm256_max_ps(_mm256_setzero_ps(), x)
// g where y > 0, else 0.
#define v8_where_positive(y, g) _mm256_and_ps(_mm256_cmp_ps(y, _mm256_setzero_ps(), _CMP_GT_OQ), g)
// r, but 0 where x < low.
#define v8_unless_less(x, low, r) _mm256_and_ps(_mm256_cmp_ps(x, low, _CMP_NLT_UQ), r)
// a where x < 0, else b.
#define v8_if_negative(x, a, b) _mm256_blendv_ps(b, a, _mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_LT_OQ))
// x times 2 to the whole number n, -126 <= n <= 127.
#define v8_ldexp(x, n) \
	_mm256_mul_ps(x, _mm256_castsi256_ps(_mm256_slli_epi32( \
	                     _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127)), 23)))

// Parts of vectors: the first n lanes.
static const int32_t v8_ones[16] = {-1, -1, -1, -1, -1, -1, -1, -1};
#define v8_lanes(n) _mm256_loadu_si256((const __m256i *)(v8_ones + 8 - (n)))
#define v8_loadn(p, n) _mm256_maskload_ps(p, v8_lanes(n))
#define v8_storen(p, x, n) _mm256_maskstore_ps(p, v8_lanes(n), x)
#define v8_first(x, fill, n) _mm256_blendv_ps(fill, x, _mm256_castsi256_ps(v8_lanes(n)))

__attribute__((target("avx2,fma"), always_inline)) static inline float v8_sum(v8 x) {
	__m128 s = _mm_add_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
	s = _mm_add_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}

// The largest lane.
__attribute__((target("avx2,fma"), always_inline)) static inline float v8_top(v8 x) {
	__m128 s = _mm_max_ps(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
	s = _mm_max_ps(s, _mm_movehl_ps(s, s));
	return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}

// to[j*wide + i] = from[i*ld + j] for 8 x 8 values.
__attribute__((target("avx2,fma"), always_inline)) static inline void v8_transpose(const float *from, int64_t ld,
                                                                                    float *to, int64_t wide) {
	__m256 r[8], s[8];
	for (int i = 0; i < 4; i++) { // halves of rows i and i+4 side by side
		r[i] = v8_load44(from + i * ld, from + (i + 4) * ld);
		r[i + 4] = v8_load44(from + i * ld + 4, from + (i + 4) * ld + 4);
	}
	for (int h = 0; h < 8; h += 4) {
		s[h] = _mm256_unpacklo_ps(r[h], r[h + 1]);
		s[h + 1] = _mm256_unpackhi_ps(r[h], r[h + 1]);
		s[h + 2] = _mm256_unpacklo_ps(r[h + 2], r[h + 3]);
		s[h + 3] = _mm256_unpackhi_ps(r[h + 2], r[h + 3]);
		v8_store(to + h * wide, _mm256_shuffle_ps(s[h], s[h + 2], 0x44));
		v8_store(to + (h + 1) * wide, _mm256_shuffle_ps(s[h], s[h + 2], 0xee));
		v8_store(to + (h + 2) * wide, _mm256_shuffle_ps(s[h + 1], s[h + 3], 0x44));
		v8_store(to + (h + 3) * wide, _mm256_shuffle_ps(s[h + 1], s[h + 3], 0xee));
	}
}
