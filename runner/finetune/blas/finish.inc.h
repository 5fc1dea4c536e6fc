// What is done to a finished part of a matrix product while it is in the cache.
// The includer defines NAME, TARGET and the V_* operations, and has included
// math.inc.h.

#define FINISH(LOAD, STORE) \
	{ \
		V v = LOAD(c + i); \
		if (bias) \
			v = V_ADD(v, LOAD(bias + i)); \
		if (f->gelu) { \
			V d; \
			v = NAME(gelu_one)(v, &d); \
			if (slope) \
				STORE(slope + i, d); \
		} \
		if (add) \
			v = V_ADD(v, LOAD(add + i)); \
		if (times) \
			v = V_MUL(v, LOAD(times + i)); \
		STORE(c + i, v); \
	}

// Rows are ldc apart in c and in all of f's matrices; at is the place of the
// part in them, and column that in f's bias.
TARGET static void NAME(finish)(const struct finish *f, int64_t rows, int64_t cols, float *c, int64_t ldc, int64_t at,
                                int64_t column) {
	const float *bias = f->bias ? f->bias + column : 0;
	c += at;
	for (int64_t r = 0; r < rows; r++, c += ldc, at += ldc) {
		const float *add = f->add ? f->add + at : 0, *times = f->times ? f->times + at : 0;
		float *slope = f->slope ? f->slope + at : 0;
		EACH(cols, FINISH(V_LOAD, V_STORE), FINISH(REST_LOAD, REST_STORE))
	}
}
