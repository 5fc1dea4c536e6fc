// The blocked matrix product around the tiles, after Goto and van de Geijn,
// "Anatomy of high-performance matrix multiplication" (2008), with less
// copying: a's rows are read where they are, if they do not fall on the same
// cache lines; b is packed into panels, once for all rows, or read where it is
// if there are too few rows to make up for that.
#include "kernels.h"

#include <string.h>

enum {
	KC = BLAS_KC, MC = BLAS_MC, // most steps and rows of a block
	PANEL = 3,                  // vectors of a panel of b
	GROUP = BLAS_GROUP,         // panels that are packed at a time
	NEAR = 192,                 // rows of a that stay in the second-level cache beside a group
	DIRECT = 4,                 // tiles of rows up to which b is not packed
};

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t ceil_to(int64_t a, int64_t b) { return (a + b - 1) / b * b; }

// depth is the number of steps of a block: k in equal parts, so that the sums
// are split the same way for every division of the work.
static int64_t depth(int64_t k) {
	if (k == 0)
		return KC; // one block without steps
	int64_t parts = (k + KC - 1) / KC;
	return ceil_to((k + parts - 1) / parts, 8);
}

// A matrix product c = finish(alpha * a b + beta * c), with a m x k at
// a[i*a_row + p*a_col] and b k x n at b[p*b_row + j*b_col], where of a_row and
// a_col, and of b_row and b_col, one is 1. If packed is not null it holds b, as
// pack_b puts it.
struct product {
	int64_t m, n, k;
	float alpha, beta;
	const float *a;
	int64_t a_row, a_col;
	const float *b;
	int64_t b_row, b_col;
	const float *packed;
	float *c;
	int64_t ldc;
	struct finish after;
};

int64_t blas_packed_size(const struct kernels *k, int64_t n, int64_t kk) { return ceil_to(n, k->vw) * kk; }

// pack_panel packs w columns from j on, at most a panel, of the d steps from s on.
static void pack_panel(const struct kernels *k, const struct product *p, int64_t s, int64_t d, int64_t j, int64_t w,
                       float *to) {
	int64_t wide = ceil_to(w, k->vw);
	const float *from = p->b + s * p->b_row + j * p->b_col;
	if (p->b_col != 1)
		k->pack_lines(w, d, from, p->b_col, to, wide);
	else
		k->pack_rows(w, d, from, p->b_row, to, wide);
}

// Packed b is [block of steps][panel][step][width of the panel]: panels are
// PANEL vectors wide, the last one as many as it needs.
static void pack_b(const struct kernels *k, const struct product *p, float *packed) {
	int64_t all = ceil_to(p->n, k->vw), step = depth(p->k), nr = PANEL * k->vw;
	for (int64_t s = 0; s < p->k; s += step) {
		int64_t d = min64(step, p->k - s);
		for (int64_t j = 0; j < p->n; j += nr)
			pack_panel(k, p, s, d, j, min64(nr, p->n - j), packed + s * all + j * d);
	}
}

// Few rows do not pay for packing b, unless its columns must be turned.
static int direct_b(const struct kernels *k, const struct product *p) {
	return !p->packed && p->b_col == 1 && p->m <= DIRECT * k->mr;
}

// a is read where it is if a tile's rows do not compete for the same sets of the
// first-level cache, which those a multiple of 1 KiB apart do, or, turned, if all of it
// fits into that cache.
static int direct_a(const struct product *p) {
	return p->a_col == 1 ? p->a_row % 256 != 0 : p->m * p->k <= 4096;
}

// height is the number of rows of the tile for the next of m rows, and the
// logarithm of it: as many as fit.
static int height(const struct kernels *k, int64_t m, int *log) {
	int h = 1;
	for (*log = 0; 2 * h <= k->mr && 2 * h <= m; h *= 2)
		++*log;
	return h;
}

// pack_a copies h rows and d steps of a into panels of the tiles' heights, one
// after the other: [step][rows of the tile].
static void pack_a(const struct kernels *k, const struct product *p, const float *a, int64_t h, int64_t d, float *to) {
	int64_t i = 0;
	int log;
	if (p->a_col != 1) {
		i = h / k->mr * k->mr;
		k->pack_panels(i, d, a, p->a_col, to);
		to += i * d;
	}
	while (i < h) {
		int rows = height(k, h - i, &log);
		if (p->a_col == 1)
			k->pack_lines(rows, d, a + i * p->a_row, p->a_row, to, rows);
		else
			for (int64_t s = 0; s < d; s++)
				memcpy(to + s * rows, a + i + s * p->a_col, sizeof(float) * (size_t)rows);
		i += rows;
		to += rows * d;
	}
}

// A block of the product: h rows from i on, d steps from s on.
struct block {
	int64_t i, h, s, d;
	const float *a; // packed, unless a is read where it is
	int direct_a, direct_b;
};

// column multiplies a block with one panel of b, w columns from j on.
static void column(const struct kernels *k, const struct product *p, const struct block *q, const float *b, int64_t j,
                   int64_t w) {
	int vecs = (int)((w + k->vw - 1) / k->vw), last = (int)(w - (vecs - 1) * k->vw), log;
	int across = q->direct_a && p->a_col == 1, part = q->direct_b && last < k->vw;
	int64_t b_row = q->direct_b ? p->b_row : vecs * k->vw;
	float beta = q->s == 0 ? p->beta : 1;
	for (int64_t r = 0; r < q->h;) {
		int rows = height(k, q->h - r, &log);
		int64_t a_row = !q->direct_a ? rows : across ? p->a_row : p->a_col;
		const float *a = q->a + r * (q->direct_a ? p->a_row : q->d);
		k->tile[log][vecs - 1][2 * across + part](q->d, a, a_row, b, b_row, p->alpha, beta,
		                                          p->c + (q->i + r) * p->ldc + j, p->ldc, last);
		r += rows;
	}
	if (q->s + q->d == p->k && (p->after.bias || p->after.add || p->after.times || p->after.gelu))
		k->finish(&p->after, q->h, w, p->c, p->ldc, q->i * p->ldc + j, j);
}

// group multiplies h rows from i on, in blocks that stay in the second-level cache, with
// the panels of columns j0 to j1: packed at b, or where they are.
static void group(const struct kernels *k, const struct product *p, struct block q, const float *b, int64_t j0,
                  int64_t j1) {
	int64_t i = q.i, h = q.h, nr = PANEL * k->vw;
	const float *a = q.a;
	for (int64_t r = 0; r < h; r += NEAR) {
		q.i = i + r;
		q.h = min64(NEAR, h - r);
		q.a = a + r * (q.direct_a ? p->a_row : q.d);
		for (int64_t j = j0; j < j1; j += nr)
			column(k, p, &q, b + (j - j0) * (q.direct_b ? 1 : q.d), j, min64(nr, j1 - j));
	}
}

static void product(const struct kernels *k, const struct product *p, int64_t i0, int64_t i1, int64_t j0, int64_t j1,
                    float *scratch) {
	struct block q = {.direct_a = direct_a(p), .direct_b = direct_b(k, p)};
	int64_t all = ceil_to(p->n, k->vw), step = depth(p->k), nr = PANEL * k->vw, width = GROUP * nr;
	float *panels = scratch, *rows = scratch + GROUP * PANEL * 16 * KC; // both on cache lines
	for (q.s = 0; q.s == 0 || q.s < p->k; q.s += step) { // once for k = 0
		q.d = min64(step, p->k - q.s);
		for (q.i = i0; q.i < i1; q.i += MC) {
			q.h = min64(MC, i1 - q.i);
			q.a = p->a + q.i * p->a_row + q.s * p->a_col;
			if (!q.direct_a) {
				pack_a(k, p, q.a, q.h, q.d, rows);
				q.a = rows;
			}
			for (int64_t g = j0; g < j1; g += width) {
				int64_t end = min64(g + width, j1);
				const float *b = panels;
				if (p->packed)
					b = p->packed + q.s * all + g * q.d;
				else if (q.direct_b)
					b = p->b + q.s * p->b_row + g;
				else
					for (int64_t j = g; j < end; j += nr)
						pack_panel(k, p, q.s, q.d, j, min64(nr, end - j), panels + (j - g) * q.d);
				group(k, p, q, b, g, end);
			}
		}
	}
}

static struct product describe(int trans_a, int trans_b, int64_t m, int64_t n, int64_t kk, float alpha, const float *a,
                               int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
	if (alpha == 0) // a and b are not read
		kk = 0;
	return (struct product){
	    .m = m, .n = n, .k = kk, .alpha = alpha, .beta = beta, .a = a, .b = b, .c = c, .ldc = ldc,
	    .a_row = trans_a ? 1 : lda, .a_col = trans_a ? lda : 1, .b_row = trans_b ? 1 : ldb, .b_col = trans_b ? ldb : 1,
	};
}

void blas_pack_b(const struct kernels *k, int trans_b, int64_t n, int64_t kk, const float *b, int64_t ldb,
                 float *packed) {
	struct product p = describe(0, trans_b, 0, n, kk, 1, 0, 0, b, ldb, 0, 0, 0);
	pack_b(k, &p, packed);
}

void blas_gemm(const struct kernels *k, int trans_a, int trans_b, int64_t m, int64_t n, int64_t kk, float alpha,
               const float *a, int64_t lda, const float *b, int64_t ldb, const float *packed, float beta, float *c,
               int64_t ldc, const float *bias, const float *add, const float *times, float *slope, int gelu, int64_t i0,
               int64_t i1, int64_t j0, int64_t j1, float *scratch) {
	struct product p = describe(trans_a, trans_b, m, n, kk, alpha, a, lda, b, ldb, beta, c, ldc);
	p.packed = packed;
	p.after = (struct finish){.bias = bias, .add = add, .times = times, .slope = slope, .gelu = gelu};
	product(k, &p, i0, i1, j0, j1, scratch);
}

void blas_finish(const struct kernels *k, const float *bias, const float *add, const float *times, float *slope,
                 int gelu, int64_t rows, int64_t cols, float *c, int64_t ldc, int64_t at, int64_t column) {
	struct finish f = {.bias = bias, .add = add, .times = times, .slope = slope, .gelu = gelu};
	if (bias || add || times || gelu)
		k->finish(&f, rows, cols, c, ldc, at, column);
}

void blas_gemm_batch(const struct kernels *k, int trans_a, int trans_b, int64_t m, int64_t n, int64_t kk, float alpha,
                     const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc,
                     int64_t inner, int64_t a_outer, int64_t a_inner, int64_t b_outer, int64_t b_inner, int64_t c_outer,
                     int64_t c_inner, int64_t from, int64_t to, float *scratch) {
	for (int64_t i = from; i < to; i++) {
		int64_t o = i / inner, r = i % inner;
		struct product p = describe(trans_a, trans_b, m, n, kk, alpha, a + o * a_outer + r * a_inner, lda,
		                            b + o * b_outer + r * b_inner, ldb, beta, c + o * c_outer + r * c_inner, ldc);
		product(k, &p, 0, m, 0, n, scratch);
	}
}
