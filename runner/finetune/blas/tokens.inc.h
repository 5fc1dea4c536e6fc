// Passes around the matrix products of a transformer. The includer defines NAME,
// TARGET and the V_* operations, and has included dropout.inc.h.

// The approximation of Hendrycks and Gimpel 2016, x s(2u) with the logistic
// function s and u = sqrt(2/pi) (x + 0.044715 x^3); its slope is
// s + x s (1-s) 2u', where 1-s = s e^(-2u).
INLINE V NAME(gelu_tanh)(V x, V *slope) {
	V c = V_SET1(1.5957691f), xx = V_MUL(x, x);
	V u = V_MUL(V_MUL(c, x), V_FMA(V_SET1(1), V_SET1(0.044715f), xx));
	V e = NAME(exp)(V_SUB(V_ZERO(), V_MAX(V_SET1(-87), u))); // at most e^87
	V s = V_DIV(V_SET1(1), V_ADD(V_SET1(1), e));
	V du = V_MUL(c, V_FMA(V_SET1(1), V_SET1(0.134145f), xx));
	*slope = V_FMA(s, V_MUL(V_MUL(x, s), V_MUL(e, s)), du);
	return V_MUL(x, s);
}

// y = gelu(x + bias), and its slope there unless slope is null; both may be x.
TARGET static void NAME(tanh_gelu)(int64_t rows, int64_t cols, const float *x, const float *bias, float *y,
                                   float *slope) {
	for (int64_t r = 0; r < rows; r++, x += cols, y += cols, slope = slope ? slope + cols : 0)
		FOR_VECTORS(i, cols, {
			V d, g = NAME(gelu_tanh)(V_ADD(NAME(load)(x + i, w), NAME(load)(bias + i, w)), &d);
			NAME(store)(y + i, w, g);
			if (slope)
				NAME(store)(slope + i, w, d);
		});
}

// y += a*x.
TARGET static void NAME(axpy)(int64_t n, float a, const float *x, float *y) {
	FOR_VECTORS(i, n, { NAME(store)(y + i, w, V_FMA(NAME(load)(y + i, w), V_SET1(a), NAME(load)(x + i, w))); });
}
