// Multi-head attention of packed sequences, one head of one sequence at a time:
// P = softmax(scale * Q K^T), out = P V. Queries go in blocks of QUERIES, so
// that a block's rows of P stay in the cache; the backward pass computes P again
// instead of keeping it (Dao et al. 2022, "FlashAttention", without the tiling
// over keys). The includer defines NAME, TARGET and the V operations, and has
// included dropout.inc.h.

enum {
	QUERIES = 64, // per block; see attention_scratch
	TILE = VW == 16 ? 8 : 4, // rows of a tile of two vectors, which fill the registers
};

// c = alpha a b, or c += alpha a b, for mr rows and nv vectors of columns, the
// last one of w lanes; a(i,p) is a[i*ars + p*acs].
INLINE void NAME(tile)(int mr, int nv, int w, int64_t k, float alpha, const float *a, int64_t ars, int64_t acs,
                       const float *b, int64_t ldb, int add, float *c, int64_t ldc) {
	V acc[8][2];
	for (int i = 0; i < mr; i++)
		for (int j = 0; j < nv; j++)
			acc[i][j] = V_ZERO();
	for (int64_t p = 0; p < k; p++, a += acs, b += ldb) {
		V col[2];
		for (int j = 0; j < nv; j++)
			col[j] = NAME(load)(b + j * VW, j == nv - 1 ? w : VW);
		for (int i = 0; i < mr; i++)
			for (int j = 0; j < nv; j++)
				acc[i][j] = V_FMA(acc[i][j], V_SET1(a[i * ars]), col[j]);
	}
	for (int i = 0; i < mr; i++)
		for (int j = 0; j < nv; j++) {
			int lanes = j == nv - 1 ? w : VW;
			float *to = c + i * ldc + j * VW;
			V r = V_MUL(V_SET1(alpha), acc[i][j]);
			NAME(store)(to, lanes, add ? V_ADD(r, NAME(load)(to, lanes)) : r);
		}
}

// The tiles of one panel of columns.
INLINE void NAME(panel)(int nv, int w, int64_t m, int64_t k, float alpha, const float *a, int64_t ars, int64_t acs,
                        const float *b, int64_t ldb, int add, float *c, int64_t ldc) {
#define ROWS(mr) NAME(tile)(mr, nv, w, k, alpha, a + i * ars, ars, acs, b, ldb, add, c + i * ldc, ldc)
	int64_t i = 0;
	for (; i + TILE <= m; i += TILE)
		ROWS(TILE);
	switch (m - i) {
	case 7: ROWS(7); break;
	case 6: ROWS(6); break;
	case 5: ROWS(5); break;
	case 4: ROWS(4); break;
	case 3: ROWS(3); break;
	case 2: ROWS(2); break;
	case 1: ROWS(1); break;
	}
#undef ROWS
}

// A product small enough to need no packing: c is m x n.
TARGET static void NAME(product)(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t ars,
                                 int64_t acs, const float *b, int64_t ldb, int add, float *c, int64_t ldc) {
	int64_t j = 0;
	for (; j + 2 * VW <= n; j += 2 * VW)
		NAME(panel)(2, VW, m, k, alpha, a, ars, acs, b + j, ldb, add, c + j, ldc);
	if (n - j > VW)
		NAME(panel)(2, (int)(n - j - VW), m, k, alpha, a, ars, acs, b + j, ldb, add, c + j, ldc);
	else if (n - j == VW)
		NAME(panel)(1, VW, m, k, alpha, a, ars, acs, b + j, ldb, add, c + j, ldc);
	else if (n > j)
		NAME(panel)(1, (int)(n - j), m, k, alpha, a, ars, acs, b + j, ldb, add, c + j, ldc);
}

// to[c][r] = x[r][c], rows of to padded with zeros to ld.
TARGET static void NAME(transpose)(int64_t rows, int64_t cols, const float *x, int64_t ldx, float *to, int64_t ld) {
	int64_t r8 = rows / 8 * 8, c8 = cols / 8 * 8;
	for (int64_t r = 0; r < r8; r += 8)
		for (int64_t c = 0; c < c8; c += 8)
			v8_transpose(x + r * ldx + c, ldx, to + c * ld + r, ld);
	for (int64_t c = 0; c < cols; c++) {
		for (int64_t r = c < c8 ? r8 : 0; r < rows; r++)
			to[c * ld + r] = x[r * ldx + c];
		for (int64_t r = rows; r < ld; r++)
			to[c * ld + r] = 0;
	}
}

// Softmax of the first n of len values; the rest becomes zero.
TARGET static void NAME(softmax_row)(int64_t n, int64_t len, float *x) {
	V top = V_SET1(x[0]), sum = V_ZERO();
	int64_t full = n / VW * VW;
	for (int64_t i = 0; i < full; i += VW)
		top = V_MAX(top, V_LOAD(x + i));
	float most = V_TOP(top);
	for (int64_t i = full; i < n; i++)
		most = x[i] > most ? x[i] : most;
	FOR_VECTORS(i, n, {
		V e = NAME(exp)(V_SUB(NAME(load)(x + i, w), V_SET1(most)));
		e = w == VW ? e : V_FIRST(e, V_ZERO(), w);
		sum = V_ADD(sum, e);
		NAME(store)(x + i, w, e);
	});
	V by = V_SET1(1.0f / V_SUM(sum));
	FOR_VECTORS(i, n, { NAME(store)(x + i, w, V_MUL(by, NAME(load)(x + i, w))); });
	for (int64_t i = n; i < len; i++)
		x[i] = 0;
}

// One head of one sequence.
struct NAME(head) {
	int64_t len, pad, ld; // tokens, the same in whole vectors, floats per token of qkv
	int64_t at, out, dim; // where the head starts in qkv and in out; floats of it
	uint32_t stream;      // of its dropout mask
};

TARGET static struct NAME(head) NAME(head)(const struct attention *a, const int32_t *starts, int64_t pair) {
	int64_t s = pair / a->heads, h = pair % a->heads, width = a->heads * a->dim;
	int64_t len = starts[s + 1] - starts[s];
	return (struct NAME(head)){
		.len = len,
		.pad = (len + VW - 1) / VW * VW,
		.ld = 3 * width,
		.at = starts[s] * 3 * width + h * a->dim,
		.out = starts[s] * width + h * a->dim,
		.dim = a->dim,
		.stream = (uint32_t)pair,
	};
}

// p = softmax(scale * Q K^T) for queries q0 to q1, and dropped = mask * p unless
// there is no dropout.
TARGET static void NAME(weights)(const struct attention *a, const struct NAME(head) *h, const float *q,
                                 const float *kt, int64_t q0, int64_t q1, float *p, float *dropped) {
	NAME(product)(q1 - q0, h->pad, h->dim, a->scale, q + q0 * h->ld, h->ld, 1, kt, h->pad, 0, p, h->pad);
	for (int64_t r = q0; r < q1; r++)
		NAME(softmax_row)(a->causal ? r + 1 : h->len, h->pad, p + (r - q0) * h->pad);
	if (!a->drop.threshold)
		return;
	int64_t blocks = (h->len + 63) / 64; // a row of the mask begins a block
	for (int64_t r = q0; r < q1; r++)
		for (int64_t b = 0; b < blocks; b++) {
			float factor[64];
			int64_t row = (r - q0) * h->pad + 64 * b;
			NAME(mask)(&a->drop, h->stream, r * blocks + b, factor);
			FOR_VECTORS(i, h->pad - 64 * b < 64 ? h->pad - 64 * b : 64, {
				NAME(store)(dropped + row + i, w, V_MUL(NAME(load)(p + row + i, w), NAME(load)(factor + i, w)));
			});
		}
}

TARGET static void NAME(attend)(const struct attention *a, const int32_t *starts, int64_t p0, int64_t p1,
                                const float *qkv, float *out, float *scratch) {
	int64_t width = a->heads * a->dim;
	for (int64_t pair = p0; pair < p1; pair++) {
		struct NAME(head) h = NAME(head)(a, starts, pair);
		const float *q = qkv + h.at, *k = q + width, *v = k + width;
		float *kt = scratch, *p = kt + h.dim * h.pad, *dropped = a->drop.threshold ? p + QUERIES * h.pad : p;
		NAME(transpose)(h.len, h.dim, k, h.ld, kt, h.pad);
		for (int64_t q0 = 0; q0 < h.len; q0 += QUERIES) {
			int64_t q1 = q0 + QUERIES < h.len ? q0 + QUERIES : h.len;
			NAME(weights)(a, &h, q, kt, q0, q1, p, dropped);
			NAME(product)(q1 - q0, h.dim, h.len, 1, dropped, h.pad, 1, v, h.ld, 0, out + h.out + q0 * width, width);
		}
	}
}

// ds = scale * p * (mask*dp - rowsum(p*mask*dp)), in place of dp, with dropped = mask*p.
TARGET static void NAME(weights_grad)(const struct attention *a, int64_t rows, int64_t pad, const float *p,
                                      const float *dropped, float *dp) {
	for (int64_t r = 0; r < rows; r++, p += pad, dropped += pad, dp += pad) {
		V dot = V_ZERO();
		FOR_VECTORS(i, pad, { dot = V_FMA(dot, NAME(load)(dropped + i, w), NAME(load)(dp + i, w)); });
		V mean = V_SET1(-a->scale * V_SUM(dot)), scale = V_SET1(a->scale);
		FOR_VECTORS(i, pad, {
			V g = V_MUL(V_MUL(scale, NAME(load)(dropped + i, w)), NAME(load)(dp + i, w));
			NAME(store)(dp + i, w, V_FMA(g, mean, NAME(load)(p + i, w)));
		});
	}
}

TARGET static void NAME(attend_grad)(const struct attention *a, const int32_t *starts, int64_t p0, int64_t p1,
                                     const float *qkv, const float *dout, float *dqkv, float *scratch) {
	int64_t width = a->heads * a->dim;
	for (int64_t pair = p0; pair < p1; pair++) {
		struct NAME(head) h = NAME(head)(a, starts, pair);
		const float *q = qkv + h.at, *k = q + width, *v = k + width;
		float *dq = dqkv + h.at, *dk = dq + width, *dv = dk + width;
		float *kt = scratch, *vt = kt + h.dim * h.pad, *p = vt + h.dim * h.pad, *dp = p + QUERIES * h.pad;
		float *dropped = a->drop.threshold ? dp + QUERIES * h.pad : p;
		NAME(transpose)(h.len, h.dim, k, h.ld, kt, h.pad);
		NAME(transpose)(h.len, h.dim, v, h.ld, vt, h.pad);
		for (int64_t q0 = 0; q0 < h.len; q0 += QUERIES) {
			int64_t n = h.len - q0 < QUERIES ? h.len - q0 : QUERIES, on = q0 > 0;
			const float *d = dout + h.out + q0 * width;
			NAME(weights)(a, &h, q, kt, q0, q0 + n, p, dropped);
			NAME(product)(h.len, h.dim, n, 1, dropped, 1, h.pad, d, width, on, dv, h.ld);
			NAME(product)(n, h.pad, h.dim, 1, d, width, 1, vt, h.pad, 0, dp, h.pad);
			NAME(weights_grad)(a, n, h.pad, p, dropped, dp);
			NAME(product)(n, h.dim, h.len, 1, dp, h.pad, 1, k, h.ld, 0, dq + q0 * h.ld, h.ld);
			NAME(product)(h.len, h.dim, n, 1, dp, 1, h.pad, q + q0 * h.ld, h.ld, on, dk, h.ld);
		}
	}
}
