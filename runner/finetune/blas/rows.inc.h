// Passes over the rows of a matrix: softmax, layer normalization, sums of
// columns. The includer defines NAME, TARGET and the V_* operations, and has
// included math.inc.h.

// x*scale + mask for the first w lanes.
INLINE V NAME(logits)(const float *x, V scale, const float *mask, int64_t i, int w) {
	V v = V_MUL(w == VW ? V_LOAD(x + i) : V_LOADN(x + i, w), scale);
	if (mask)
		v = V_ADD(v, w == VW ? V_LOAD(mask + i) : V_LOADN(mask + i, w));
	return v;
}

TARGET static void NAME(softmax)(int64_t rows, int64_t cols, float scale, const float *x, const float *mask, float *y) {
	int64_t whole = cols / VW * VW;
	int rest = (int)(cols - whole);
	V vs = V_SET1(scale), low = V_SET1(-__builtin_inff());
	for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
		V top = low, last = low;
		for (int64_t i = 0; i < whole; i += VW) {
			V v = NAME(logits)(x, vs, mask, i, VW);
			top = V_MAX(top, v); // a NaN in v stays in y
			V_STORE(y + i, v);
		}
		if (rest) {
			last = V_FIRST(NAME(logits)(x, vs, mask, whole, rest), low, rest);
			top = V_MAX(top, last);
		}
		V sum = V_ZERO(), max = V_SET1(V_TOP(top));
		for (int64_t i = 0; i < whole; i += VW) {
			V e = NAME(exp)(V_SUB(V_LOAD(y + i), max));
			sum = V_ADD(sum, e);
			V_STORE(y + i, e);
		}
		if (rest) {
			last = V_FIRST(NAME(exp)(V_SUB(last, max)), V_ZERO(), rest);
			sum = V_ADD(sum, last);
		}
		V inv = V_SET1(1 / V_SUM(sum));
		for (int64_t i = 0; i < whole; i += VW)
			V_STORE(y + i, V_MUL(V_LOAD(y + i), inv));
		if (rest)
			V_STOREN(y + whole, V_MUL(last, inv), rest);
	}
}

// dx = scale*y*(dy - sum of y*dy).
TARGET static void NAME(softmax_grad)(int64_t rows, int64_t cols, float scale, const float *y, const float *dy,
                                      float *dx) {
	int64_t whole = cols / VW * VW;
	int rest = (int)(cols - whole);
	V vs = V_SET1(scale);
	for (int64_t r = 0; r < rows; r++, y += cols, dy += cols, dx += cols) {
		V dot = V_ZERO();
		for (int64_t i = 0; i < whole; i += VW)
			dot = V_FMA(dot, V_LOAD(y + i), V_LOAD(dy + i));
		if (rest)
			dot = V_FMA(dot, V_LOADN(y + whole, rest), V_LOADN(dy + whole, rest));
		dot = V_SET1(V_SUM(dot));
		for (int64_t i = 0; i < whole; i += VW)
			V_STORE(dx + i, V_MUL(V_MUL(vs, V_LOAD(y + i)), V_SUB(V_LOAD(dy + i), dot)));
		if (rest)
			V_STOREN(dx + whole, V_MUL(V_MUL(vs, V_LOADN(y + whole, rest)), V_SUB(V_LOADN(dy + whole, rest), dot)), rest);
	}
}

// y = (x - mean)*inv*gamma + beta, with the biased variance, in two passes: the
// sum of squares about the mean does not cancel.
TARGET static void NAME(layer_norm)(int64_t rows, int64_t cols, float eps, const float *x, const float *gamma,
                                    const float *beta, float *y, float *mean, float *inv) {
	int64_t whole = cols / VW * VW;
	int rest = (int)(cols - whole);
	for (int64_t r = 0; r < rows; r++, x += cols, y += cols) {
		V sum = V_ZERO(), sq = V_ZERO();
		for (int64_t i = 0; i < whole; i += VW)
			sum = V_ADD(sum, V_LOAD(x + i));
		if (rest)
			sum = V_ADD(sum, V_LOADN(x + whole, rest));
		float m = mean[r] = V_SUM(sum) / (float)cols;
		V vm = V_SET1(m);
		for (int64_t i = 0; i < whole; i += VW) {
			V d = V_SUB(V_LOAD(x + i), vm);
			sq = V_FMA(sq, d, d);
		}
		if (rest) {
			V d = V_FIRST(V_SUB(V_LOADN(x + whole, rest), vm), V_ZERO(), rest);
			sq = V_FMA(sq, d, d);
		}
		float s = inv[r] = 1 / sqrtf(V_SUM(sq) / (float)cols + eps);
		V vi = V_SET1(s);
		for (int64_t i = 0; i < whole; i += VW) {
			V h = V_MUL(V_SUB(V_LOAD(x + i), vm), vi);
			V_STORE(y + i, V_FMA(V_LOAD(beta + i), h, V_LOAD(gamma + i)));
		}
		if (rest) {
			V h = V_MUL(V_SUB(V_LOADN(x + whole, rest), vm), vi);
			V_STOREN(y + whole, V_FMA(V_LOADN(beta + whole, rest), h, V_LOADN(gamma + whole, rest)), rest);
		}
	}
}

// One vector of a row of the gradient's sums: with h = (x-mean)*inv and
// g = dy*gamma, *s0 += g, *s1 += g*h, and, if wanted, dgamma += dy*h, dbeta += dy.
#define NORM_SUMS(LOAD, STORE) \
	{ \
		V d = LOAD(dy + i), h = V_MUL(V_SUB(LOAD(x + i), vm), vi), g = V_MUL(d, LOAD(gamma + i)); \
		s0 = V_ADD(s0, g); \
		s1 = V_FMA(s1, g, h); \
		if (dgamma) \
			STORE(dgamma + i, V_FMA(LOAD(dgamma + i), d, h)); \
		if (dbeta) \
			STORE(dbeta + i, V_ADD(LOAD(dbeta + i), d)); \
	}
// dx = inv*(g - mean of g - h * mean of g*h).
#define NORM_INPUT(LOAD, STORE) \
	{ \
		V h = V_MUL(V_SUB(LOAD(x + i), vm), vi), g = V_MUL(LOAD(dy + i), LOAD(gamma + i)); \
		STORE(dx + i, V_MUL(vi, V_SUB(V_SUB(g, s0), V_MUL(h, s1)))); \
	}

// Adds to dgamma and dbeta and writes dx, each if not null.
TARGET static void NAME(layer_norm_grad)(int64_t rows, int64_t cols, const float *x, const float *dy,
                                         const float *gamma, const float *mean, const float *inv, float *dx,
                                         float *dgamma, float *dbeta) {
	for (int64_t r = 0; r < rows; r++, x += cols, dy += cols) {
		V s0 = V_ZERO(), s1 = V_ZERO(), vm = V_SET1(mean[r]), vi = V_SET1(inv[r]);
		{
			EACH(cols, NORM_SUMS(V_LOAD, V_STORE), NORM_SUMS(REST_LOAD, REST_STORE))
		}
		if (!dx)
			continue;
		s0 = V_SET1(V_SUM(s0) / (float)cols);
		s1 = V_SET1(V_SUM(s1) / (float)cols);
		EACH(cols, NORM_INPUT(V_LOAD, V_STORE), NORM_INPUT(REST_LOAD, REST_STORE))
		dx += cols;
	}
}

// Sums of the columns c0 to c1 of x, in blocks of 64 rows so that the error
// grows with the number of blocks and not of rows.
TARGET static void NAME(column_sum)(int64_t rows, int64_t cols, const float *x, float *sum, int64_t c0, int64_t c1) {
	for (int64_t c = c0; c < c1; c += 4 * VW) {
		int64_t width = c1 - c < 4 * VW ? c1 - c : 4 * VW;
		V total[4] = {V_ZERO(), V_ZERO(), V_ZERO(), V_ZERO()};
		for (int64_t r0 = 0; r0 < rows; r0 += 64) {
			int64_t r1 = r0 + 64 < rows ? r0 + 64 : rows;
			V part[4] = {V_ZERO(), V_ZERO(), V_ZERO(), V_ZERO()};
			if (width == 4 * VW)
				for (int64_t r = r0; r < r1; r++)
					for (int j = 0; j < 4; j++)
						part[j] = V_ADD(part[j], V_LOAD(x + r * cols + c + j * VW));
			else
				for (int64_t r = r0; r < r1; r++)
					for (int j = 0; j * VW < width; j++) {
						int w = width - j * VW < VW ? (int)(width - j * VW) : VW;
						part[j] = V_ADD(part[j], V_LOADN(x + r * cols + c + j * VW, w));
					}
			for (int j = 0; j < 4; j++)
				total[j] = V_ADD(total[j], part[j]);
		}
		for (int j = 0; j * VW < width; j++)
			V_STOREN(sum + c + j * VW, total[j], width - j * VW < VW ? (int)(width - j * VW) : VW);
	}
}
