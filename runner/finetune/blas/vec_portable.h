// Eight floats as two of the compiler's generic 16-byte vectors, which are
// native on every 64-bit CPU (SSE2, NEON).
#include <math.h>
#include <stdint.h>
#include <string.h>

typedef float v4 __attribute__((vector_size(16)));
typedef int32_t v4i __attribute__((vector_size(16)));
typedef struct {
	v4 lo, hi;
} v8;

#define V8_INLINE __attribute__((always_inline)) static inline

V8_INLINE v8 v8_load44(const float *p, const float *q) {
	v8 x;
	memcpy(&x.lo, p, 16);
	memcpy(&x.hi, q, 16);
	return x;
}
V8_INLINE v8 v8_load(const float *p) { return v8_load44(p, p + 4); }
V8_INLINE void v8_store(float *p, v8 x) {
	memcpy(p, &x.lo, 16);
	memcpy(p + 4, &x.hi, 16);
}
V8_INLINE v8 v8_set1(float f) {
	v4 x = {f, f, f, f};
	return (v8){x, x};
}
V8_INLINE v8 v8_zero(void) { return v8_set1(0); }
V8_INLINE v8 v8_add(v8 a, v8 b) { return (v8){a.lo + b.lo, a.hi + b.hi}; }
V8_INLINE v8 v8_sub(v8 a, v8 b) { return (v8){a.lo - b.lo, a.hi - b.hi}; }
V8_INLINE v8 v8_mul(v8 a, v8 b) { return (v8){a.lo * b.lo, a.hi * b.hi}; }
V8_INLINE v8 v8_fma(v8 acc, v8 a, v8 b) { return (v8){acc.lo + a.lo * b.lo, acc.hi + a.hi * b.hi}; }
// g where y > 0, else 0: comparisons give a mask of all ones or zeros.
V8_INLINE v8 v8_where_positive(v8 y, v8 g) {
	v4 zero = {0, 0, 0, 0};
	return (v8){(v4)((v4i)g.lo & (v4i)(y.lo > zero)), (v4)((v4i)g.hi & (v4i)(y.hi > zero))};
}
// max(0, x) that lets a NaN through: x unless x < 0.
V8_INLINE v8 v8_relu(v8 x) {
	v4 zero = {0, 0, 0, 0};
	return (v8){(v4)((v4i)x.lo & ~(v4i)(x.lo < zero)), (v4)((v4i)x.hi & ~(v4i)(x.hi < zero))};
}
V8_INLINE float v8_sum(v8 x) {
	v4 s = x.lo + x.hi;
	return (s[0] + s[2]) + (s[1] + s[3]);
}
V8_INLINE float v8_top(v8 x) {
	float top = x.lo[0];
	for (int i = 0; i < 4; i++) {
		top = x.lo[i] > top ? x.lo[i] : top;
		top = x.hi[i] > top ? x.hi[i] : top;
	}
	return top;
}
V8_INLINE v8 v8_div(v8 a, v8 b) { return (v8){a.lo / b.lo, a.hi / b.hi}; }
V8_INLINE v8 v8_sqrt(v8 x) {
	for (int i = 0; i < 4; i++) {
		x.lo[i] = sqrtf(x.lo[i]);
		x.hi[i] = sqrtf(x.hi[i]);
	}
	return x;
}

// a where the lanes of m are all ones, b where they are all zeros.
V8_INLINE v4 v4_pick(v4i m, v4 a, v4 b) { return (v4)((m & (v4i)a) | (~m & (v4i)b)); }

V8_INLINE v8 v8_abs(v8 x) {
	v4i m = {INT32_MAX, INT32_MAX, INT32_MAX, INT32_MAX};
	return (v8){(v4)((v4i)x.lo & m), (v4)((v4i)x.hi & m)};
}
// b if one is NaN.
V8_INLINE v8 v8_min(v8 a, v8 b) { return (v8){v4_pick(a.lo < b.lo, a.lo, b.lo), v4_pick(a.hi < b.hi, a.hi, b.hi)}; }
V8_INLINE v8 v8_max(v8 a, v8 b) { return (v8){v4_pick(a.lo > b.lo, a.lo, b.lo), v4_pick(a.hi > b.hi, a.hi, b.hi)}; }
// The nearest whole number, for |x| < 2^22: above 2^23 floats have no fraction.
V8_INLINE v8 v8_round(v8 x) {
	v8 big = v8_set1(12582912); // 3 * 2^22
	return v8_sub(v8_add(x, big), big);
}
// r, but 0 where x < low.
V8_INLINE v8 v8_unless_less(v8 x, v8 low, v8 r) {
	return (v8){(v4)((v4i)r.lo & ~(v4i)(x.lo < low.lo)), (v4)((v4i)r.hi & ~(v4i)(x.hi < low.hi))};
}
// a where x < 0, else b.
V8_INLINE v8 v8_if_negative(v8 x, v8 a, v8 b) {
	v4 zero = {0, 0, 0, 0};
	return (v8){v4_pick(x.lo < zero, a.lo, b.lo), v4_pick(x.hi < zero, a.hi, b.hi)};
}
// x times 2 to the whole number n, -126 <= n <= 127: adding n + 127 to 2^23
// puts it into the low bits, and the shift into the exponent.
V8_INLINE v8 v8_ldexp(v8 x, v8 n) {
	v4 big = {8388735, 8388735, 8388735, 8388735};
	return (v8){x.lo * (v4)((v4i)(n.lo + big) << 23), x.hi * (v4)((v4i)(n.hi + big) << 23)};
}

// Parts of vectors: the first n lanes.
V8_INLINE v8 v8_loadn(const float *p, int n) {
	float all[8] = {0};
	memcpy(all, p, sizeof(float) * (size_t)n);
	return v8_load(all);
}
V8_INLINE void v8_storen(float *p, v8 x, int n) {
	float all[8];
	v8_store(all, x);
	memcpy(p, all, sizeof(float) * (size_t)n);
}
V8_INLINE v8 v8_first(v8 x, v8 fill, int n) {
	float all[8];
	v8_store(all, fill);
	v8_storen(all, x, n);
	return v8_load(all);
}

// to[j*wide + i] = from[i*ld + j] for 8 x 8 values.
V8_INLINE void v8_transpose(const float *from, int64_t ld, float *to, int64_t wide) {
	for (int j = 0; j < 8; j++)
		for (int i = 0; i < 8; i++)
			to[j * wide + i] = from[i * ld + j];
}
