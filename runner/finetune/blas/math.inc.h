// Elementwise functions. The includer defines NAME, TARGET and the V_*
// operations. Coefficients are minimax fits made for this file (Lawson's
// weighted least squares); the bounds beside them are relative errors of the
// formula, to which float32 rounding adds a few units in the last place.

#define INLINE TARGET __attribute__((always_inline)) static inline

// e^x for x <= 88; 0 below -87.33, where the result would be subnormal.
// x = n ln 2 + r with |r| <= ln 2 / 2; e^r = 1 + r + r^2 q(r), within 3.1e-9.
INLINE V NAME(exp)(V x) {
	V low = V_SET1(-87.33f);
	V in = V_MAX(low, x); // a NaN passes
	V n = V_ROUND(V_MUL(in, V_SET1(1.44269504f)));
	// ln 2 in two parts, of which the first times n is exact.
	V r = V_FMA(V_FMA(in, n, V_SET1(-0.693359375f)), n, V_SET1(2.12194440e-4f));
	V q = V_SET1(0.0013814661f);
	q = V_FMA(V_SET1(0.0083687195f), q, r);
	q = V_FMA(V_SET1(0.0416683874f), q, r);
	q = V_FMA(V_SET1(0.1666652061f), q, r);
	q = V_FMA(V_SET1(0.4999999345f), q, r);
	V y = V_FMA(V_ADD(V_SET1(1), r), q, V_MUL(r, r));
	return V_UNLESS_LESS(x, low, V_LDEXP(y, n));
}

// The normal distribution: *bell = e^(-x^2/2), and the result Phi(x). The tail
// below -|x| is bell times a rational function of |x|, within 5.6e-9, so that it
// keeps its relative precision where 1 + erf would cancel.
INLINE V NAME(normal)(V x, V *bell) {
	V a = V_MIN(V_SET1(14), V_ABS(x)); // the bell is 0 there; a NaN passes
	*bell = NAME(exp)(V_MUL(V_MUL(a, V_SET1(-0.5f)), a));
	V p = V_SET1(0.00407758868f);
	p = V_FMA(V_SET1(0.0403724331f), p, a);
	p = V_FMA(V_SET1(0.182461504f), p, a);
	p = V_FMA(V_SET1(0.437250519f), p, a);
	p = V_FMA(V_SET1(0.5f), p, a);
	V q = V_SET1(0.0102208703f);
	q = V_FMA(V_SET1(0.101205492f), q, a);
	q = V_FMA(V_SET1(0.467428228f), q, a);
	q = V_FMA(V_SET1(1.19928945f), q, a);
	q = V_FMA(V_SET1(1.67238599f), q, a);
	q = V_FMA(V_SET1(1), q, a);
	V tail = V_MUL(*bell, V_DIV(p, q));
	return V_IF_NEGATIVE(x, tail, V_SUB(V_SET1(1), tail));
}

// x Phi(x) and its derivative Phi(x) + x phi(x) (Hendrycks and Gimpel 2016).
INLINE V NAME(gelu_one)(V x, V *slope) {
	V bell, phi = NAME(normal)(x, &bell);
	*slope = V_FMA(phi, V_MUL(x, V_SET1(0.398942280f)), bell);
	return V_MUL(x, phi);
}

// x p(x^2)/q(x^2), within 2.2e-8; it is 1 in float32 from 9.02 on.
INLINE V NAME(tanh_one)(V x) {
	V a = V_MAX(V_SET1(-9.02f), V_MIN(V_SET1(9.02f), x)), s = V_MUL(a, a);
	V p = V_SET1(1.33187573e-8f);
	p = V_FMA(V_SET1(2.05832556e-5f), p, s);
	p = V_FMA(V_SET1(0.00349402098f), p, s);
	p = V_FMA(V_SET1(0.133797065f), p, s);
	p = V_FMA(V_SET1(1), p, s);
	V q = V_SET1(7.76189131e-7f);
	q = V_FMA(V_SET1(0.000328307057f), q, s);
	q = V_FMA(V_SET1(0.0258710216f), q, s);
	q = V_FMA(V_SET1(0.467130218f), q, s);
	q = V_FMA(V_SET1(1), q, s);
	return V_DIV(V_MUL(a, p), q);
}

// Operations on a rest of w values, in the place of V_LOAD and V_STORE.
#define REST_LOAD(p) V_LOADN(p, w)
#define REST_STORE(p, v) V_STOREN(p, v, w)

// EACH runs FULL for all whole vectors of n values and PART for a rest of w.
#define EACH(n, FULL, PART) \
	int64_t i = 0; \
	for (; i + VW <= n; i += VW) \
		FULL; \
	if (i < n) { \
		int w = (int)(n - i); \
		PART; \
	}

TARGET static void NAME(gelu)(int64_t n, const float *x, float *y, float *slope) {
	V d;
	if (!slope) {
		EACH(n, V_STORE(y + i, NAME(gelu_one)(V_LOAD(x + i), &d)),
		     V_STOREN(y + i, NAME(gelu_one)(V_LOADN(x + i, w), &d), w))
		return;
	}
	int64_t i = 0;
	for (; i + VW <= n; i += VW) {
		V_STORE(y + i, NAME(gelu_one)(V_LOAD(x + i), &d));
		V_STORE(slope + i, d);
	}
	if (i < n) {
		int w = (int)(n - i);
		V_STOREN(y + i, NAME(gelu_one)(V_LOADN(x + i, w), &d), w);
		V_STOREN(slope + i, d, w);
	}
}

INLINE V NAME(gelu_grad_one)(V x, V dy) {
	V d;
	NAME(gelu_one)(x, &d);
	return V_MUL(dy, d);
}

TARGET static void NAME(gelu_grad)(int64_t n, const float *x, const float *dy, float *dx) {
	EACH(n, V_STORE(dx + i, NAME(gelu_grad_one)(V_LOAD(x + i), V_LOAD(dy + i))),
	     V_STOREN(dx + i, NAME(gelu_grad_one)(V_LOADN(x + i, w), V_LOADN(dy + i, w)), w))
}

TARGET static void NAME(mul)(int64_t n, const float *a, const float *b, float *y) {
	EACH(n, V_STORE(y + i, V_MUL(V_LOAD(a + i), V_LOAD(b + i))),
	     V_STOREN(y + i, V_MUL(V_LOADN(a + i, w), V_LOADN(b + i, w)), w))
}

TARGET static void NAME(tanh)(int64_t n, const float *x, float *y) {
	EACH(n, V_STORE(y + i, NAME(tanh_one)(V_LOAD(x + i))),
	     V_STOREN(y + i, NAME(tanh_one)(V_LOADN(x + i, w)), w))
}

// dx = dy (1 - y^2).
INLINE V NAME(tanh_grad_one)(V y, V dy) { return V_SUB(dy, V_MUL(dy, V_MUL(y, y))); }

TARGET static void NAME(tanh_grad)(int64_t n, const float *y, const float *dy, float *dx) {
	EACH(n, V_STORE(dx + i, NAME(tanh_grad_one)(V_LOAD(y + i), V_LOAD(dy + i))),
	     V_STOREN(dx + i, NAME(tanh_grad_one)(V_LOADN(y + i, w), V_LOADN(dy + i, w)), w))
}
