// Copies around the convolution kernels: into padded images, out of grids, and
// weights into panels.
#include "kernels.h"

#include <string.h>

void conv_spread(const struct layout *l, const float *src, float *dst, int64_t img0, int64_t img1) {
	for (int64_t img = img0; img < img1; img++)
		for (int64_t c = 0; c < l->channels; c++)
			for (int64_t r = 0; r < l->h; r++) {
				const float *from = src + img * l->src_stride + (c * l->h + r) * l->w;
				float *to = dst + img * l->dst_stride + c * l->dst_plane + l->first + r * l->row;
				if (l->phases == 1) {
					memcpy(to + l->left, from, sizeof(float) * (size_t)l->w);
					continue;
				}
				// Phase by phase, so that each inner loop has constant steps.
				for (int64_t ph = 0; ph < l->phases; ph++) {
					int64_t w = (ph - l->left % l->phases + l->phases) % l->phases;
					float *at = to + ph * l->phase + (w + l->left) / l->phases;
					for (; w < l->w; w += l->phases)
						*at++ = from[w];
				}
			}
}

void conv_collect(const struct grid *g, const float *src, float *dst, int64_t img0, int64_t img1) {
	for (int64_t img = img0; img < img1; img++)
		for (int64_t c = 0; c < g->channels; c++)
			for (int64_t r = 0; r < g->h; r++) {
				const float *from = src + img * g->src_stride + c * g->plane + r * g->src_row;
				float *to = dst + img * g->dst_stride + (c * g->dst_h + g->row0 + r * g->row_step) * g->dst_w + g->col0;
				for (int64_t w = 0; w < g->w; w++)
					to[w * g->col_step] = from[w];
			}
}

void conv_pack(int64_t rows, int64_t taps, int64_t row_stride, const int32_t *tap, const float *w, float *packed) {
	for (int64_t r = 0; r < rows; r += CONV_MR, packed += taps * CONV_MR)
		for (int i = 0; i < CONV_MR; i++) {
			const float *from = w + (r + i) * row_stride;
			for (int64_t t = 0; t < taps; t++)
				packed[t * CONV_MR + i] = r + i < rows ? from[tap[t]] : 0;
		}
}
