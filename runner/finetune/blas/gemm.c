// The blocked matrix product around the tile kernel, after Goto and van de
// Geijn, "Anatomy of high-performance matrix multiplication" (2008): panels of
// B stay in the last cache, blocks of A in the second, one panel of B in the
// first.
#include "kernels.h"

#include <string.h>

enum { KC = 256, MC = 96, NC = 1536 }; // MC and NC are multiples of every tile

static int64_t min64(int64_t a, int64_t b) { return a < b ? a : b; }
static int64_t ceil_to(int64_t a, int64_t b) { return (a + b - 1) / b * b; }

int64_t blas_pack_a_size(const struct kernels *k, int64_t m, int64_t kk) {
	return min64(MC, ceil_to(m, k->mr)) * min64(KC, kk);
}
int64_t blas_pack_b_size(const struct kernels *k, int64_t n, int64_t kk) {
	return min64(NC, ceil_to(n, k->nr)) * min64(KC, kk);
}

// pack copies w lines of length kk into panels of width wide, [kk][wide],
// filling up with zeros. Line i, position p is x[i*line + p*step]: step 1 packs
// rows, line 1 packs columns.
static void pack(const float *x, int64_t line, int64_t step, int64_t w, int64_t kk, int wide, float *to) {
	for (int64_t i = 0; i < w; i += wide, to += kk * wide) {
		int have = (int)min64(wide, w - i);
		const float *from = x + i * line;
		if (line == 1 && have == wide) {
			for (int64_t p = 0; p < kk; p++)
				memcpy(to + p * wide, from + p * step, sizeof(float) * (size_t)wide);
			continue;
		}
		if (have < wide)
			memset(to, 0, sizeof(float) * (size_t)(kk * wide));
		for (int j = 0; j < have; j++)
			for (int64_t p = 0; p < kk; p++)
				to[p * wide + j] = from[j * line + p * step];
	}
}

// block multiplies a packed block of A (m x kk) with packed panels of B (kk x n).
static void block(const struct kernels *k, int64_t m, int64_t n, int64_t kk, float alpha, const float *a,
                  const float *b, float beta, float *c, int64_t ldc) {
	float tile[8 * 48];
	for (int64_t j = 0; j < n; j += k->nr)
		for (int64_t i = 0; i < m; i += k->mr) {
			const float *pa = a + i * kk, *pb = b + j * kk;
			float *to = c + i * ldc + j;
			int64_t h = min64(k->mr, m - i), w = min64(k->nr, n - j);
			if (h == k->mr && w == k->nr) {
				k->gemm(kk, pa, pb, alpha, beta, to, ldc);
				continue;
			}
			k->gemm(kk, pa, pb, alpha, 0, tile, k->nr);
			for (int64_t r = 0; r < h; r++)
				for (int64_t s = 0; s < w; s++)
					to[r * ldc + s] = tile[r * k->nr + s] + (beta == 0 ? 0 : beta * to[r * ldc + s]);
		}
}

void blas_gemm(const struct kernels *k, int trans_a, int trans_b, int64_t m, int64_t n, int64_t kk, float alpha,
               const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc,
               float *pack_a, float *pack_b) {
	int64_t a_row = trans_a ? 1 : lda, a_col = trans_a ? lda : 1;
	int64_t b_row = trans_b ? 1 : ldb, b_col = trans_b ? ldb : 1;
	for (int64_t j = 0; j < n; j += NC) {
		int64_t w = min64(NC, n - j);
		for (int64_t p = 0; p < kk; p += KC) {
			int64_t d = min64(KC, kk - p);
			pack(b + p * b_row + j * b_col, b_col, b_row, w, d, k->nr, pack_b);
			for (int64_t i = 0; i < m; i += MC) {
				int64_t h = min64(MC, m - i);
				pack(a + i * a_row + p * a_col, a_row, a_col, h, d, k->mr, pack_a);
				block(k, h, w, d, alpha, pack_a, pack_b, p == 0 ? beta : 1, c + i * ldc + j, ldc);
			}
		}
	}
}
