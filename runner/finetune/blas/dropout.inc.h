// Dropout masks. The includer defines NAME, TARGET and the V_* operations, and
// has included math.inc.h.

#include <string.h>

// FOR_VECTORS runs its body for the vectors of n floats: i is where one starts
// and w how many lanes it has, the constant VW but for the last.
#define FOR_VECTORS(i, n, ...) \
	do { \
		int64_t i = 0; \
		for (; i + VW <= (n); i += VW) { \
			const int w = VW; \
			__VA_ARGS__ \
		} \
		if (i < (n)) { \
			const int w = (int)((n) - i); \
			__VA_ARGS__ \
		} \
	} while (0)

// Loads and stores of w lanes; the compiler drops the choice where w is VW.
INLINE V NAME(load)(const float *p, int w) { return w == VW ? V_LOAD(p) : V_LOADN(p, w); }
INLINE void NAME(store)(float *p, int w, V x) {
	if (w == VW)
		V_STORE(p, x);
	else
		V_STOREN(p, x, w);
}

// Philox4x32-10 of Salmon et al. 2011 ("Parallel random numbers: as easy as 1,
// 2, 3") for 16 neighbouring counters {first+l, stream, step}; word j of lane l
// is out[16*j + l].
TARGET static void NAME(philox)(uint64_t key, uint32_t first, uint32_t stream, uint64_t step, uint32_t *out) {
	uint32_t a[16], b[16], c[16], d[16];
	for (int l = 0; l < 16; l++) {
		a[l] = first + (uint32_t)l;
		b[l] = stream;
		c[l] = (uint32_t)step;
		d[l] = (uint32_t)(step >> 32);
	}
	uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
	for (int round = 0; round < 10; round++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u)
		for (int l = 0; l < 16; l++) {
			uint64_t p = (uint64_t)a[l] * 0xd2511f53u, q = (uint64_t)c[l] * 0xcd9e8d57u;
			uint32_t x = b[l], y = d[l];
			a[l] = (uint32_t)(q >> 32) ^ x ^ k0;
			b[l] = (uint32_t)q;
			c[l] = (uint32_t)(p >> 32) ^ y ^ k1;
			d[l] = (uint32_t)p;
		}
	memcpy(out, a, sizeof a);
	memcpy(out + 16, b, sizeof b);
	memcpy(out + 32, c, sizeof c);
	memcpy(out + 48, d, sizeof d);
}

// The factors (0 or scale) of elements 64*block to 64*block+63.
TARGET static void NAME(mask)(const struct dropout *d, uint32_t stream, int64_t block, float *to) {
	uint32_t word[64];
	NAME(philox)(d->key, (uint32_t)(16 * block), stream, d->step, word);
	for (int i = 0; i < 64; i++)
		to[i] = word[i] < d->threshold ? 0.0f : d->scale;
}

// y = add + mask*x for elements i0 (a multiple of 64) to i1; add may be null.
TARGET static void NAME(dropout)(const struct dropout *d, int64_t i0, int64_t i1, const float *x, const float *add,
                                 float *y) {
	float factor[64];
	for (int64_t at = i0; at < i1; at += 64) {
		NAME(mask)(d, 0, at / 64, factor);
		FOR_VECTORS(i, i1 - at < 64 ? i1 - at : 64, {
			V s = add ? NAME(load)(add + at + i, w) : V_ZERO();
			NAME(store)(y + at + i, w, V_FMA(s, NAME(load)(factor + i, w), NAME(load)(x + at + i, w)));
		});
	}
}
