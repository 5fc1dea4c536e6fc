// Convolution kernels over prepared images. The includer defines NAME, TARGET
// and the v8 operations.

// One tile of the forward pass: 4 channels by 3 vectors of pixels. src holds
// one start per run (3 runs of 8, or 6 of 4 if split), dst one per vector.
TARGET __attribute__((always_inline)) static inline void NAME(conv_tile)(
    int64_t taps, const int32_t *koff, const float *w, const float *bias, const float *const *src, int split,
    float *const *dst, int64_t ld) {
	v8 acc[4][3];
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 3; j++)
			acc[i][j] = v8_set1(bias[i]);
	const float *s0 = src[0], *s1 = src[1], *s2 = src[2];
	const float *s3 = split ? src[3] : 0, *s4 = split ? src[4] : 0, *s5 = split ? src[5] : 0;
	for (int64_t t = 0; t < taps; t++, w += 4) {
		int64_t o = koff[t];
		v8 x0 = split ? v8_load44(s0 + o, s1 + o) : v8_load(s0 + o);
		v8 x1 = split ? v8_load44(s2 + o, s3 + o) : v8_load(s1 + o);
		v8 x2 = split ? v8_load44(s4 + o, s5 + o) : v8_load(s2 + o);
		for (int i = 0; i < 4; i++) {
			v8 wi = v8_set1(w[i]);
			acc[i][0] = v8_fma(acc[i][0], wi, x0);
			acc[i][1] = v8_fma(acc[i][1], wi, x1);
			acc[i][2] = v8_fma(acc[i][2], wi, x2);
		}
	}
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 3; j++)
			v8_store(dst[j] + i * ld, acc[i][j]);
}

TARGET static void NAME(conv_tile8)(int64_t taps, const int32_t *koff, const float *w, const float *bias,
                                    const float *const *src, float *const *dst, int64_t ld) {
	NAME(conv_tile)(taps, koff, w, bias, src, 0, dst, ld);
}

TARGET static void NAME(conv_tile4)(int64_t taps, const int32_t *koff, const float *w, const float *bias,
                                    const float *const *src, float *const *dst, int64_t ld) {
	NAME(conv_tile)(taps, koff, w, bias, src, 1, dst, ld);
}

// The output channels of up to 3 vectors whose sources and targets are given;
// with fewer than 3, or fewer than 4 channels, the tile goes by way of tmp.
TARGET static void NAME(conv_column)(const struct conv_pass *p, const int32_t *koff, const float *w,
                                     const float *bias, const float *const *src, float *const *dst, int n) {
	for (int64_t o = 0; o < p->outc; o += 4) {
		float tmp[4 * 24], b[4] = {0, 0, 0, 0};
		int rows = p->outc - o < 4 ? (int)(p->outc - o) : 4;
		int whole = rows == 4 && n == 3;
		float *to[3];
		for (int j = 0; j < 3; j++)
			to[j] = whole ? dst[j] + o * p->plane : tmp + 8 * j;
		for (int i = 0; bias && i < rows; i++)
			b[i] = bias[o + i];
		(p->split ? NAME(conv_tile4) : NAME(conv_tile8))(p->taps, koff, w + o * p->taps, b, src, to,
		                                                 whole ? p->plane : 24);
		for (int i = 0; !whole && i < rows; i++)
			for (int j = 0; j < n; j++)
				v8_store(dst[j] + (o + i) * p->plane, v8_load(tmp + 24 * i + 8 * j));
	}
}

TARGET static void NAME(conv_run)(const struct conv_pass *p, const int32_t *koff, const int32_t *off,
                                  const float *w, const float *bias, const float *src, float *dst, int64_t img0,
                                  int64_t img1) {
	int runs = p->split ? 2 : 1;
	int64_t vecs = p->vecs;
	for (int64_t g = img0 * vecs; g < img1 * vecs; g += 3) {
		const float *from[6];
		float *to[3];
		int n = img1 * vecs - g < 3 ? (int)(img1 * vecs - g) : 3;
		for (int j = 0; j < 3; j++) {
			int64_t u = g + (j < n ? j : 0), img = u / vecs, v = u % vecs;
			to[j] = dst + img * p->dst_stride + 8 * v;
			for (int r = 0; r < runs; r++)
				from[j * runs + r] = src + img * p->src_stride + off[v * runs + r];
		}
		NAME(conv_column)(p, koff, w, bias, from, to, n);
	}
}

// One tile of the weight gradient: 4 channels by 3 taps, each a vector of
// partial sums over the pixels of images img0 to img1.
TARGET __attribute__((always_inline)) static inline void NAME(weight_tile)(
    const struct conv_pass *p, int split, const int32_t *off, const float *const *x, const float *const *dy,
    int64_t img0, int64_t img1, float *sums) {
	v8 acc[4][3];
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 3; j++)
			acc[i][j] = v8_zero();
	for (int64_t img = img0; img < img1; img++) {
		const float *x0 = x[0] + img * p->src_stride, *x1 = x[1] + img * p->src_stride,
		            *x2 = x[2] + img * p->src_stride;
		const float *g0 = dy[0] + img * p->dst_stride, *g1 = dy[1] + img * p->dst_stride,
		            *g2 = dy[2] + img * p->dst_stride, *g3 = dy[3] + img * p->dst_stride;
		for (int64_t v = 0; v < p->vecs; v++) {
			int64_t o = split ? off[2 * v] : off[v], q = split ? off[2 * v + 1] : 0;
			v8 a0 = split ? v8_load44(x0 + o, x0 + q) : v8_load(x0 + o);
			v8 a1 = split ? v8_load44(x1 + o, x1 + q) : v8_load(x1 + o);
			v8 a2 = split ? v8_load44(x2 + o, x2 + q) : v8_load(x2 + o);
			v8 g[4] = {v8_load(g0 + 8 * v), v8_load(g1 + 8 * v), v8_load(g2 + 8 * v), v8_load(g3 + 8 * v)};
			for (int i = 0; i < 4; i++) {
				acc[i][0] = v8_fma(acc[i][0], g[i], a0);
				acc[i][1] = v8_fma(acc[i][1], g[i], a1);
				acc[i][2] = v8_fma(acc[i][2], g[i], a2);
			}
		}
	}
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 3; j++)
			sums[3 * i + j] = v8_sum(acc[i][j]);
}

TARGET static void NAME(weight_tile8)(const struct conv_pass *p, const int32_t *off, const float *const *x,
                                      const float *const *dy, int64_t img0, int64_t img1, float *sums) {
	NAME(weight_tile)(p, 0, off, x, dy, img0, img1, sums);
}

TARGET static void NAME(weight_tile4)(const struct conv_pass *p, const int32_t *off, const float *const *x,
                                      const float *const *dy, int64_t img0, int64_t img1, float *sums) {
	NAME(weight_tile)(p, 1, off, x, dy, img0, img1, sums);
}

// Images are taken in chunks whose gradients stay in the first-level cache;
// tile number = channel block * tap blocks + tap block.
TARGET static void NAME(conv_weights)(const struct conv_pass *p, const int32_t *koff, const int32_t *off,
                                      const float *src, const float *dy, float *dw, int64_t images, int64_t tile0,
                                      int64_t tile1) {
	int64_t per_row = (p->taps + 2) / 3, chunk = 128 / p->vecs > 1 ? 128 / p->vecs : 1;
	for (int64_t img = 0; img < images; img += chunk) {
		int64_t end = img + chunk < images ? img + chunk : images;
		for (int64_t tile = tile0; tile < tile1; tile++) {
			int64_t o = tile / per_row * 4, t = tile % per_row * 3;
			const float *x[3], *g[4];
			float sums[12];
			for (int j = 0; j < 3; j++) // beyond the last tap or channel, repeat the first of the tile
				x[j] = src + koff[t + j < p->taps ? t + j : t];
			for (int i = 0; i < 4; i++)
				g[i] = dy + (o + i < p->outc ? o + i : o) * p->plane;
			(p->split ? NAME(weight_tile4) : NAME(weight_tile8))(p, off, x, g, img, end, sums);
			for (int i = 0; i < 4 && o + i < p->outc; i++)
				for (int j = 0; j < 3 && t + j < p->taps; j++)
					dw[(o + i) * p->taps + t + j] += sums[3 * i + j];
		}
	}
}
