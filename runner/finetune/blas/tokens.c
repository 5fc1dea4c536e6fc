// What Go calls of dropout.inc.h, tokens.inc.h and attention.inc.h.
#include "kernels.h"

void blas_tanh_gelu(const struct kernels *k, int64_t rows, int64_t cols, const float *x, const float *bias, float *y,
                    float *slope) {
	k->tanh_gelu(rows, cols, x, bias, y, slope);
}
void blas_axpy(const struct kernels *k, int64_t n, float a, const float *x, float *y) { k->axpy(n, a, x, y); }
void blas_dropout(const struct kernels *k, const struct dropout *d, int64_t i0, int64_t i1, const float *x,
                  const float *add, float *y) {
	k->dropout(d, i0, i1, x, add, y);
}
void blas_attend(const struct kernels *k, const struct attention *a, const int32_t *starts, int64_t p0, int64_t p1,
                 const float *qkv, float *out, float *scratch) {
	k->attend(a, starts, p0, p1, qkv, out, scratch);
}
void blas_attend_grad(const struct kernels *k, const struct attention *a, const int32_t *starts, int64_t p0,
                      int64_t p1, const float *qkv, const float *dout, float *dqkv, float *scratch) {
	k->attend_grad(a, starts, p0, p1, qkv, dout, dqkv, scratch);
}

// Keys and values transposed, and up to three blocks of 64 rows of weights, in
// vectors of up to 16 floats.
int64_t attention_scratch(const struct attention *a) {
	int64_t pad = (a->longest + 15) / 16 * 16;
	return 2 * a->dim * pad + 3 * 64 * pad;
}
