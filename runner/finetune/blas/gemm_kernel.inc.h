// Tiles of the matrix product: up to GEMM_MR (8 or 4) rows by up to 3 vectors,
// all of it in registers. The includer defines NAME, TARGET, GEMM_MR, VW, V_* and
// GEMM_UNROLL (whether to take four steps at a time), and has included math.inc.h.

// What is done for every row i of a tile. Sums and pointers are variables of
// their own: arrays of them would pass through the stack. Conditions on rows,
// vecs, across and part are decided at compile time.
#if GEMM_MR == 8
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3) DO(4) DO(5) DO(6) DO(7)
#else
#define EACH_ROW(DO) DO(0) DO(1) DO(2) DO(3)
#endif
#define ROW_BEGIN(i) \
	V s##i##0 = V_ZERO(), s##i##1 = V_ZERO(), s##i##2 = V_ZERO(); \
	const float *row##i = a + i * a_row; \
	__asm__("" : "+r"(row##i)); // no address arithmetic in the loop
#define ROW_FETCH(i) \
	if (rows > i) \
		for (int v = 0; v < vecs; v++) \
			__builtin_prefetch(c + i * ldc + v * VW, 1);
#define ROW_STEP(i) \
	if (rows > i) { \
		V x = V_SET1(across ? row##i[p + u] : a[i]); \
		s##i##0 = V_FMA(s##i##0, x, w0); \
		if (vecs > 1) \
			s##i##1 = V_FMA(s##i##1, x, w1); \
		if (vecs > 2) \
			s##i##2 = V_FMA(s##i##2, x, w2); \
	}
#define ROW_END(i) \
	if (rows > i) { \
		float *to = c + i * ldc; \
		NAME(gemm_store)(s##i##0, alpha, beta, to, vecs > 1 ? VW : last); \
		if (vecs > 1) \
			NAME(gemm_store)(s##i##1, alpha, beta, to + VW, vecs > 2 ? VW : last); \
		if (vecs > 2) \
			NAME(gemm_store)(s##i##2, alpha, beta, to + 2 * VW, last); \
	}
#define B_LOAD(v) (part && v == vecs - 1 ? V_LOADN(b + v * VW, last) : V_LOAD(b + v * VW))
#define TILE_STEP(step) \
	{ \
		const int64_t u = step; \
		V w0 = B_LOAD(0), w1 = vecs > 1 ? B_LOAD(1) : w0, w2 = vecs > 2 ? B_LOAD(2) : w0; \
		EACH_ROW(ROW_STEP) \
		b += b_row; \
		a += across ? 0 : a_row; \
	}

INLINE void NAME(gemm_store)(V sum, float alpha, float beta, float *to, int lanes) {
	V r = V_MUL(V_SET1(alpha), sum);
	if (lanes == VW)
		V_STORE(to, beta == 0 ? r : V_FMA(r, V_SET1(beta), V_LOAD(to)));
	else
		V_STOREN(to, beta == 0 ? r : V_FMA(r, V_SET1(beta), V_LOADN(to, lanes)), lanes);
}

// The tile of kernels.h.
INLINE void NAME(gemm_tile)(const int rows, const int vecs, const int across, const int part, int64_t k, const float *a,
                       int64_t a_row, const float *b, int64_t b_row, float alpha, float beta, float *c, int64_t ldc,
                       int last) {
	EACH_ROW(ROW_BEGIN)
	EACH_ROW(ROW_FETCH)
	int64_t p = 0;
	for (; GEMM_UNROLL && rows >= 4 && p + 4 <= k; p += 4) {
		TILE_STEP(0)
		TILE_STEP(1)
		TILE_STEP(2)
		TILE_STEP(3)
	}
	for (; p < k; p++)
		TILE_STEP(0)
	EACH_ROW(ROW_END)
}

#define TILE(rows, vecs, across, part) \
	TARGET static void NAME(tile_##rows##vecs##across##part)( \
	    int64_t k, const float *a, int64_t a_row, const float *b, int64_t b_row, float alpha, float beta, float *c, \
	    int64_t ldc, int last) { \
		NAME(gemm_tile)(rows, vecs, across, part, k, a, a_row, b, b_row, alpha, beta, c, ldc, last); \
	}
#define TILES(rows) \
	TILE(rows, 1, 0, 0) TILE(rows, 1, 0, 1) TILE(rows, 1, 1, 0) TILE(rows, 1, 1, 1) \
	TILE(rows, 2, 0, 0) TILE(rows, 2, 0, 1) TILE(rows, 2, 1, 0) TILE(rows, 2, 1, 1) \
	TILE(rows, 3, 0, 0) TILE(rows, 3, 0, 1) TILE(rows, 3, 1, 0) TILE(rows, 3, 1, 1)
#define TILE_ROW(rows) \
	{ \
		{NAME(tile_##rows##100), NAME(tile_##rows##101), NAME(tile_##rows##110), NAME(tile_##rows##111)}, \
		{NAME(tile_##rows##200), NAME(tile_##rows##201), NAME(tile_##rows##210), NAME(tile_##rows##211)}, \
		{NAME(tile_##rows##300), NAME(tile_##rows##301), NAME(tile_##rows##310), NAME(tile_##rows##311)}, \
	}
TILES(1)
TILES(2)
TILES(4)
#if GEMM_MR == 8
TILES(8)
static const tile_fn NAME(tiles)[4][3][4] = {TILE_ROW(1), TILE_ROW(2), TILE_ROW(4), TILE_ROW(8)};
#else
static const tile_fn NAME(tiles)[4][3][4] = {TILE_ROW(1), TILE_ROW(2), TILE_ROW(4)};
#endif

// Turns w lines of length d, ld apart, into columns: to[p*wide + j] =
// from[j*ld + p]. Columns w to wide become zero. Steps are the outer loop: what
// is written is contiguous, and what is read is a cache line of every line.
TARGET static void NAME(pack_lines)(int64_t w, int64_t d, const float *from, int64_t ld, float *to, int64_t wide) {
	int64_t p = 0, whole = w / 8 * 8;
	for (; p + 16 <= d; p += 16)
		for (int64_t j = 0; j < whole; j += 8) {
			v8_transpose(from + j * ld + p, ld, to + p * wide + j, wide);
			v8_transpose(from + j * ld + p + 8, ld, to + (p + 8) * wide + j, wide);
		}
	for (; p < d; p++)
		for (int64_t j = 0; j < whole; j++)
			to[p * wide + j] = from[j * ld + p];
	for (p = 0; whole < wide && p < d; p++)
		for (int64_t j = whole; j < wide; j++)
			to[p * wide + j] = j < w ? from[j * ld + p] : 0;
}

// Copies d rows of `cols` values, ld apart, one after the other, each filled up
// with zeros to whole vectors.
TARGET static void NAME(pack_rows)(int64_t cols, int64_t d, const float *from, int64_t ld, float *to, int64_t wide) {
	for (int64_t p = 0; p < d; p++, from += ld, to += wide) {
		if (cols == 3 * VW) {
			memcpy(to, from, sizeof(float) * 3 * VW);
			continue;
		}
		EACH(cols, V_STORE(to + i, V_LOAD(from + i)), V_STORE(to + i, V_LOADN(from + i, w)))
	}
}

// Copies d rows of w values, a multiple of GEMM_MR, ld apart, into panels of
// GEMM_MR columns, one after the other.
TARGET static void NAME(pack_panels)(int64_t w, int64_t d, const float *from, int64_t ld, float *to) {
	for (int64_t p = 0; p < d; p++, from += ld)
		for (int64_t j = 0; j < w; j += GEMM_MR)
			memcpy(to + j * d + p * GEMM_MR, from + j, sizeof(float) * GEMM_MR);
}
