// Multi-head attention of packed sequences, one head of one sequence at a time:
// P = softmax(scale * Q K^T), out = P V. Queries go in blocks of QUERIES, so
// that a block's rows of P stay in the cache; the backward pass computes P again
// instead of keeping it (Dao et al. 2022, "FlashAttention", without the tiling
// over keys). The includer defines NAME, TARGET and the V operations, and has
// included dropout.inc.h and gemm_kernel.inc.h.

enum { QUERIES = 64 }; // see attention_scratch

// A product small enough to need no packing: c = alpha a b, or c += alpha a b. a(i,p)
// is a[i*ars + p*acs], of which one is 1, and c is m x n.
TARGET static void NAME(product)(int64_t m, int64_t n, int64_t k, float alpha, const float *a, int64_t ars,
                                 int64_t acs, const float *b, int64_t ldb, int add, float *c, int64_t ldc) {
	int across = acs == 1;
	for (int64_t j = 0; j < n; j += 3 * VW) {
		int w = (int)(n - j < 3 * VW ? n - j : 3 * VW), vecs = (w + VW - 1) / VW, last = w - (vecs - 1) * VW;
		for (int64_t i = 0; i < m;) {
			int log = 0;
			while (2 << log <= GEMM_MR && 2 << log <= m - i)
				log++;
			NAME(tiles)[log][vecs - 1][2 * across + (last < VW)](k, a + i * ars, across ? ars : acs, b + j, ldb, alpha,
			                                                     (float)add, c + i * ldc + j, ldc, last);
			i += 1 << log;
		}
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
		NAME(pack_lines)(h.len, h.dim, k, h.ld, kt, h.pad);
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
		NAME(pack_lines)(h.len, h.dim, k, h.ld, kt, h.pad);
		NAME(pack_lines)(h.len, h.dim, v, h.ld, vt, h.pad);
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
