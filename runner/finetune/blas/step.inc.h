// Optimizer steps. The includer defines NAME, TARGET and the V_* operations,
// and has included math.inc.h.

#define ADAMW(LOAD, STORE) \
	{ \
		V gi = V_MUL(vg, LOAD(g + i)); \
		V mi = V_FMA(V_MUL(b1, LOAD(m + i)), n1, gi); \
		V vi = V_FMA(V_MUL(b2, LOAD(v + i)), V_MUL(n2, gi), gi); \
		STORE(m + i, mi); \
		STORE(v + i, vi); \
		V move = V_DIV(V_MUL(rate, mi), V_FMA(eps, V_SQRT(vi), root)); \
		STORE(w_ + i, V_SUB(V_MUL(keep, LOAD(w_ + i)), move)); \
	}

TARGET static void NAME(adamw)(const struct adamw_step *s, int64_t n, float *w_, const float *g, float *m, float *v) {
	V b1 = V_SET1(s->beta1), n1 = V_SET1(s->rest1), b2 = V_SET1(s->beta2), n2 = V_SET1(s->rest2);
	V keep = V_SET1(s->keep), rate = V_SET1(s->rate), root = V_SET1(s->root), eps = V_SET1(s->eps);
	V vg = V_SET1(s->scale);
	EACH(n, ADAMW(V_LOAD, V_STORE), ADAMW(REST_LOAD, REST_STORE))
}

// The sum of squares: in float32 over 64 vectors at a time, in float64 over all.
TARGET static double NAME(sum_squares)(int64_t n, const float *x) {
	double total = 0;
	for (int64_t from = 0; from < n; from += 64 * VW) {
		int64_t end = n - from < 64 * VW ? n - from : 64 * VW;
		const float *p = x + from;
		V s[4] = {V_ZERO(), V_ZERO(), V_ZERO(), V_ZERO()};
		int64_t i = 0;
		for (; i + 4 * VW <= end; i += 4 * VW)
			for (int j = 0; j < 4; j++) {
				V v = V_LOAD(p + i + j * VW);
				s[j] = V_FMA(s[j], v, v);
			}
		for (; i < end; i += VW) {
			V v = V_LOADN(p + i, end - i < VW ? (int)(end - i) : VW);
			s[0] = V_FMA(s[0], v, v);
		}
		total += V_SUM(V_ADD(V_ADD(s[0], s[1]), V_ADD(s[2], s[3])));
	}
	return total;
}

#define SGD(LOAD, STORE) \
	{ \
		V x = LOAD(w_ + i); \
		V gi = V_FMA(V_MUL(vg, LOAD(g + i)), decay, x); \
		V mi = V_FMA(gi, mu, LOAD(m + i)); \
		STORE(m + i, mi); \
		STORE(w_ + i, V_SUB(x, V_MUL(rate, s->nesterov ? V_FMA(gi, mu, mi) : mi))); \
	}

TARGET static void NAME(sgd)(const struct sgd_step *s, int64_t n, float *w_, const float *g, float *m) {
	V vg = V_SET1(s->scale), mu = V_SET1(s->momentum), decay = V_SET1(s->decay), rate = V_SET1(s->rate);
	EACH(n, SGD(V_LOAD, V_STORE), SGD(REST_LOAD, REST_STORE))
}

// The sign of c times rate; 0 for 0.
INLINE V NAME(signed_rate)(V c, V rate) {
	V minus = V_SUB(V_ZERO(), c);
	return V_SUB(V_IF_NEGATIVE(minus, rate, V_ZERO()), V_IF_NEGATIVE(c, rate, V_ZERO()));
}

#define LION(LOAD, STORE) \
	{ \
		V gi = V_MUL(vg, LOAD(g + i)), mi = LOAD(m + i); \
		V c = V_FMA(V_MUL(b1, mi), n1, gi); \
		STORE(m + i, V_FMA(V_MUL(b2, mi), n2, gi)); \
		STORE(w_ + i, V_SUB(V_MUL(keep, LOAD(w_ + i)), NAME(signed_rate)(c, rate))); \
	}

TARGET static void NAME(lion)(const struct adamw_step *s, int64_t n, float *w_, const float *g, float *m) {
	V b1 = V_SET1(s->beta1), n1 = V_SET1(s->rest1), b2 = V_SET1(s->beta2), n2 = V_SET1(s->rest2);
	V keep = V_SET1(s->keep), rate = V_SET1(s->rate), vg = V_SET1(s->scale);
	EACH(n, LION(V_LOAD, V_STORE), LION(REST_LOAD, REST_STORE))
}

#define BLEND(LOAD, STORE) \
	{ \
		V yi = LOAD(y + i); \
		STORE(y + i, V_FMA(yi, va, V_SUB(LOAD(x + i), yi))); \
	}

TARGET static void NAME(blend)(int64_t n, float a, const float *x, float *y) {
	V va = V_SET1(a);
	EACH(n, BLEND(V_LOAD, V_STORE), BLEND(REST_LOAD, REST_STORE))
}

#define SQUARE_SUMS(LOAD, STORE) \
	{ \
		V q = LOAD(g + i); \
		q = V_MUL(q, q); \
		sum = V_ADD(sum, q); \
		STORE(col + i, V_ADD(LOAD(col + i), q)); \
	}

// row[r] = sum over columns of g^2, and col += sums over rows of it.
TARGET static void NAME(square_sums)(int64_t rows, int64_t cols, const float *g, float *row, float *col) {
	for (int64_t r = 0; r < rows; r++, g += cols) {
		V sum = V_ZERO();
		EACH(cols, SQUARE_SUMS(V_LOAD, V_STORE), SQUARE_SUMS(REST_LOAD, REST_STORE))
		row[r] = V_SUM(sum);
	}
}

#define OUTER_NORM(LOAD, STORE) \
	{ \
		V q = V_MUL(LOAD(g + i), LOAD(col + i)); \
		sum = V_FMA(sum, q, q); \
	}

// The sum of (row[r] g col[c])^2.
TARGET static double NAME(outer_norm)(int64_t rows, int64_t cols, const float *g, const float *row, const float *col) {
	double total = 0;
	for (int64_t r = 0; r < rows; r++, g += cols) {
		V sum = V_ZERO();
		EACH(cols, OUTER_NORM(V_LOAD, V_STORE), OUTER_NORM(REST_LOAD, REST_STORE))
		total += (double)V_SUM(sum) * row[r] * row[r];
	}
	return total;
}

#define OUTER_MOVE(LOAD, STORE) \
	{ \
		V q = V_MUL(V_MUL(a, LOAD(g + i)), LOAD(col + i)); \
		STORE(w_ + i, V_SUB(V_MUL(vk, LOAD(w_ + i)), q)); \
	}

// w = keep w - rate row[r] g col[c].
TARGET static void NAME(outer_move)(int64_t rows, int64_t cols, float keep, float rate, const float *g,
                                    const float *row, const float *col, float *w_) {
	V vk = V_SET1(keep);
	for (int64_t r = 0; r < rows; r++, g += cols, w_ += cols) {
		V a = V_SET1(rate * row[r]);
		EACH(cols, OUTER_MOVE(V_LOAD, V_STORE), OUTER_MOVE(REST_LOAD, REST_STORE))
	}
}
