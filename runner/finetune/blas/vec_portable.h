// Eight floats as two of the compiler's generic 16-byte vectors, which are
// native on every 64-bit CPU (SSE2, NEON).
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
