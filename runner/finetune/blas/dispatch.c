#include "kernels.h"

#include <stddef.h>

#if defined(__x86_64__)
// AVX2's kernels with those that gain by 512 bits replaced.
static struct kernels mixed;

const struct kernels *blas_kernels(int i) {
	__builtin_cpu_init();
	const struct kernels *found[3];
	int n = 0;
	// The compiler's checks include the operating system's consent to save
	// the wide registers.
	if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
		if (__builtin_cpu_supports("avx512f")) {
			mixed = kernels_avx2;
			kernels_avx512_over(&mixed);
			found[n++] = &mixed;
		}
		found[n++] = &kernels_avx2;
	}
	found[n++] = &kernels_portable;
	return i < n ? found[i] : NULL;
}
#else
const struct kernels *blas_kernels(int i) { return i == 0 ? &kernels_portable : NULL; }
#endif

void blas_conv_run(const struct kernels *k, const struct conv_pass *p, const int32_t *koff, const int32_t *off,
                   const float *w, const float *bias, const float *src, float *dst, int64_t img0, int64_t img1) {
	k->conv_run(p, koff, off, w, bias, src, dst, img0, img1);
}
void blas_conv_weights(const struct kernels *k, const struct conv_pass *p, const int32_t *koff, const int32_t *off,
                       const float *src, const float *dy, float *dw, int64_t images, int64_t tile0, int64_t tile1) {
	k->conv_weights(p, koff, off, src, dy, dw, images, tile0, tile1);
}
void blas_channel_sum(const struct kernels *k, const struct planes *s, const float *x, float *sum, int64_t c0,
                      int64_t c1) {
	k->channel_sum(s, x, sum, c0, c1);
}
void blas_channel_stats(const struct kernels *k, const struct planes *s, const float *x, float *mean, float *var,
                        int64_t c0, int64_t c1) {
	k->channel_stats(s, x, mean, var, c0, c1);
}
void blas_scale_shift(const struct kernels *k, const struct planes *s, const float *x, const float *scale,
                      const float *shift, int relu, float *y, int64_t c0, int64_t c1) {
	k->scale_shift(s, x, scale, shift, relu, y, c0, c1);
}
void blas_norm_grad(const struct kernels *k, const struct planes *s, int relu, int batch, const float *x,
                    const float *y, const float *dy, const float *mean, const float *inv, const float *gamma,
                    float *dx, float *dgamma, float *dbeta, int64_t c0, int64_t c1) {
	k->norm_grad(s, relu, batch, x, y, dy, mean, inv, gamma, dx, dgamma, dbeta, c0, c1);
}
void blas_add_relu(const struct kernels *k, int64_t n, const float *a, const float *b, int relu, float *y) {
	k->add_relu(n, a, b, relu, y);
}
void blas_relu(const struct kernels *k, int64_t n, const float *x, float *y) { k->relu(n, x, y); }
void blas_relu_grad(const struct kernels *k, int64_t n, const float *y, const float *dy, float *dx) {
	k->relu_grad(n, y, dy, dx);
}
void blas_gelu(const struct kernels *k, int64_t n, const float *x, float *y, float *slope) { k->gelu(n, x, y, slope); }
void blas_gelu_grad(const struct kernels *k, int64_t n, const float *x, const float *dy, float *dx) {
	k->gelu_grad(n, x, dy, dx);
}
void blas_mul(const struct kernels *k, int64_t n, const float *a, const float *b, float *y) { k->mul(n, a, b, y); }
void blas_tanh(const struct kernels *k, int64_t n, const float *x, float *y) { k->tanh(n, x, y); }
void blas_tanh_grad(const struct kernels *k, int64_t n, const float *y, const float *dy, float *dx) {
	k->tanh_grad(n, y, dy, dx);
}
void blas_softmax(const struct kernels *k, int64_t rows, int64_t cols, float scale, const float *x, const float *mask,
                  float *y) {
	k->softmax(rows, cols, scale, x, mask, y);
}
void blas_softmax_grad(const struct kernels *k, int64_t rows, int64_t cols, float scale, const float *y,
                       const float *dy, float *dx) {
	k->softmax_grad(rows, cols, scale, y, dy, dx);
}
void blas_layer_norm(const struct kernels *k, int64_t rows, int64_t cols, float eps, const float *x, const float *gamma,
                     const float *beta, float *y, float *mean, float *inv) {
	k->layer_norm(rows, cols, eps, x, gamma, beta, y, mean, inv);
}
void blas_layer_norm_grad(const struct kernels *k, int64_t rows, int64_t cols, const float *x, const float *dy,
                          const float *gamma, const float *mean, const float *inv, float *dx, float *dgamma,
                          float *dbeta) {
	k->layer_norm_grad(rows, cols, x, dy, gamma, mean, inv, dx, dgamma, dbeta);
}
void blas_column_sum(const struct kernels *k, int64_t rows, int64_t cols, const float *x, float *sum, int64_t c0,
                     int64_t c1) {
	k->column_sum(rows, cols, x, sum, c0, c1);
}
void blas_adamw(const struct kernels *k, const struct adamw_step *s, int64_t n, float *w, const float *g, float *m,
                float *v) {
	k->adamw(s, n, w, g, m, v);
}
double blas_sum_squares(const struct kernels *k, int64_t n, const float *x) { return k->sum_squares(n, x); }
void blas_sgd(const struct kernels *k, const struct sgd_step *s, int64_t n, float *w, const float *g, float *m) {
	k->sgd(s, n, w, g, m);
}
void blas_lion(const struct kernels *k, const struct adamw_step *s, int64_t n, float *w, const float *g, float *m) {
	k->lion(s, n, w, g, m);
}
void blas_blend(const struct kernels *k, int64_t n, float a, const float *x, float *y) { k->blend(n, a, x, y); }
void blas_square_sums(const struct kernels *k, int64_t rows, int64_t cols, const float *g, float *row, float *col) {
	k->square_sums(rows, cols, g, row, col);
}
double blas_outer_norm(const struct kernels *k, int64_t rows, int64_t cols, const float *g, const float *row,
                       const float *col) {
	return k->outer_norm(rows, cols, g, row, col);
}
void blas_outer_move(const struct kernels *k, int64_t rows, int64_t cols, float keep, float rate, const float *g,
                     const float *row, const float *col, float *w) {
	k->outer_move(rows, cols, keep, rate, g, row, col, w);
}
