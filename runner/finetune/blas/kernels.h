// The faces between Go, the drivers (gemm.c, conv.c) and the kernels that are
// compiled once per instruction set from the .inc.h files (.h, as go build does
// not notice changes of other names).
#ifndef AUTOML_BLAS_KERNELS_H
#define AUTOML_BLAS_KERNELS_H

#include <stdint.h>

// A convolution pass with stride 1 over prepared (padded) images:
//   dst[img][o][8v+l] = sum over t of w[o][t] * src[img][koff[t] + position(v,l)]
// A vector v holds 8 neighbouring output pixels: one run of 8 that starts at
// off[v], or, if split, two runs of 4 that start at off[2v] and off[2v+1].
struct conv_pass {
	int32_t taps;       // length of the reduction
	int32_t outc;       // output channels
	int32_t vecs;       // vectors per image
	int32_t split;
	int64_t src_stride; // floats per image in src
	int64_t dst_stride; // floats per image in dst
	int64_t plane;      // floats per channel in dst
};

// Shape of a batch of images for the per-channel passes.
struct planes {
	int64_t rows, channels, hw;
};

// Factors of an AdamW step, prepared by the caller: with g the gradient times
// scale, m = beta1 m + rest1 g, v = beta2 v + rest2 g^2 and
// w = keep w - rate m / (root sqrt(v) + eps).
struct adamw_step {
	float scale, beta1, rest1, beta2, rest2, keep, rate, root, eps;
};

// g = scale g + decay w, m = momentum m + g and w -= rate m, or with Nesterov's
// momentum rate (g + momentum m).
struct sgd_step {
	float scale, momentum, decay, rate;
	int nesterov;
};

// Rows of output channels per tile of packed convolution weights.
enum { CONV_MR = 4 };

// A dropout mask: element i is dropped if its random word is below threshold,
// and multiplied with scale otherwise. The word is word j of Philox4x32-10
// (dropout.inc.h) with key, and the counter {16*(i/64) + i%16, stream, step}, with
// j = i/16%4. threshold 0 drops nothing.
struct dropout {
	uint32_t threshold;
	float scale;
	uint64_t key, step;
};

// Multi-head self-attention over packed sequences: sequence s is the rows
// starts[s] to starts[s+1], a row of qkv is query, key and value, each of
// heads*dim floats. Pair p is head p%heads of sequence p/heads.
struct attention {
	int64_t heads, dim;
	int64_t longest; // sequence, which sizes the scratch memory
	int causal;      // a token sees itself and those before it only
	float scale;     // of the products of queries and keys
	struct dropout drop;
};

// A tile of the matrix product: c[rows][...] = alpha * a b + beta * c over k
// steps. Of the last vector, `last` lanes count. beta == 0 does not read c. See
// struct kernels for a and b.
typedef void (*tile_fn)(int64_t k, const float *a, int64_t a_row, const float *b, int64_t b_row, float alpha,
                        float beta, float *c, int64_t ldc, int last);

// What follows on a product c, in this order, where not null or zero:
// c += bias (one row); c = gelu(c), and its derivative into slope; c += add;
// c *= times. The matrices have c's shape, and their rows c's distance.
struct finish {
	const float *bias, *add, *times;
	float *slope;
	int gelu;
};

struct kernels {
	const char *name;
	int mr, vw; // most rows of a tile of the matrix product, and floats per vector

	// tile[log2 rows][vectors - 1][2*across + part], for 1, 2, 4 ... mr rows and 1
	// to 3 vectors. across: a's rows are a_row apart and steps are neighbours;
	// otherwise rows are neighbours and steps a_row apart. b's rows, one a step, are
	// b_row apart; part: of the last vector, only the lanes that count may be read.
	const tile_fn (*tile)[3][4];
	// to[p*wide + j] = from[j*ld + p] for w lines j of length d, and 0 for w <= j < wide.
	void (*pack_lines)(int64_t w, int64_t d, const float *from, int64_t ld, float *to, int64_t wide);
	// to[p*wide + j] = from[p*ld + j] for d rows of w values, and 0 for w <= j < wide, whole vectors.
	void (*pack_rows)(int64_t w, int64_t d, const float *from, int64_t ld, float *to, int64_t wide);
	// to[j*d + p*mr + i] = from[p*ld + j + i] for d rows of w values, a multiple of mr.
	void (*pack_panels)(int64_t w, int64_t d, const float *from, int64_t ld, float *to);
	// finish works on rows x cols of c that start at c[at], in column `column`.
	void (*finish)(const struct finish *f, int64_t rows, int64_t cols, float *c, int64_t ldc, int64_t at,
	               int64_t column);

	// conv_run computes images img0 to img1. w is packed [outc/4][taps][4].
	void (*conv_run)(const struct conv_pass *p, const int32_t *koff, const int32_t *off, const float *w,
	                 const float *bias, const float *src, float *dst, int64_t img0, int64_t img1);
	// conv_weights adds to dw[outc][taps] the products of dst's gradient dy with
	// src over all images, for tiles tile0 to tile1 (see conv_tiles).
	void (*conv_weights)(const struct conv_pass *p, const int32_t *koff, const int32_t *off, const float *src,
	                     const float *dy, float *dw, int64_t images, int64_t tile0, int64_t tile1);

	// For channels c0 to c1:
	void (*channel_sum)(const struct planes *s, const float *x, float *sum, int64_t c0, int64_t c1);
	void (*channel_stats)(const struct planes *s, const float *x, float *mean, float *var, int64_t c0, int64_t c1);
	void (*scale_shift)(const struct planes *s, const float *x, const float *scale, const float *shift, int relu,
	                    float *y, int64_t c0, int64_t c1);
	void (*norm_grad)(const struct planes *s, int relu, int batch, const float *x, const float *y, const float *dy,
	                  const float *mean, const float *inv, const float *gamma, float *dx, float *dgamma,
	                  float *dbeta, int64_t c0, int64_t c1);

	void (*add_relu)(int64_t n, const float *a, const float *b, int relu, float *y);
	void (*relu)(int64_t n, const float *x, float *y);
	void (*relu_grad)(int64_t n, const float *y, const float *dy, float *dx);

	// Elementwise functions; slope may be null. Outputs may be inputs.
	void (*gelu)(int64_t n, const float *x, float *y, float *slope);
	void (*gelu_grad)(int64_t n, const float *x, const float *dy, float *dx);
	void (*mul)(int64_t n, const float *a, const float *b, float *y);
	void (*tanh)(int64_t n, const float *x, float *y);
	void (*tanh_grad)(int64_t n, const float *y, const float *dy, float *dx);

	// Passes over rows; mask may be null. layer_norm_grad adds to dgamma and
	// dbeta and writes dx, each if not null.
	void (*softmax)(int64_t rows, int64_t cols, float scale, const float *x, const float *mask, float *y);
	void (*softmax_grad)(int64_t rows, int64_t cols, float scale, const float *y, const float *dy, float *dx);
	void (*layer_norm)(int64_t rows, int64_t cols, float eps, const float *x, const float *gamma, const float *beta,
	                   float *y, float *mean, float *inv);
	void (*layer_norm_grad)(int64_t rows, int64_t cols, const float *x, const float *dy, const float *gamma,
	                        const float *mean, const float *inv, float *dx, float *dgamma, float *dbeta);
	void (*column_sum)(int64_t rows, int64_t cols, const float *x, float *sum, int64_t c0, int64_t c1);

	void (*adamw)(const struct adamw_step *s, int64_t n, float *w, const float *g, float *m, float *v);
	double (*sum_squares)(int64_t n, const float *x);
	void (*sgd)(const struct sgd_step *s, int64_t n, float *w, const float *g, float *m);
	void (*lion)(const struct adamw_step *s, int64_t n, float *w, const float *g, float *m);
	void (*blend)(int64_t n, float a, const float *x, float *y); // y += a (x - y)
	void (*square_sums)(int64_t rows, int64_t cols, const float *g, float *row, float *col);
	double (*outer_norm)(int64_t rows, int64_t cols, const float *g, const float *row, const float *col);
	void (*outer_move)(int64_t rows, int64_t cols, float keep, float rate, const float *g, const float *row,
	                   const float *col, float *w);

	// Passes of transformers; slope and add may be null.
	void (*tanh_gelu)(int64_t rows, int64_t cols, const float *x, const float *bias, float *y, float *slope);
	void (*axpy)(int64_t n, float a, const float *x, float *y);
	void (*dropout)(const struct dropout *d, int64_t i0, int64_t i1, const float *x, const float *add, float *y);
	// For pairs p0 to p1, with attention_scratch floats of scratch memory.
	void (*attend)(const struct attention *a, const int32_t *starts, int64_t p0, int64_t p1, const float *qkv,
	               float *out, float *scratch);
	void (*attend_grad)(const struct attention *a, const int32_t *starts, int64_t p0, int64_t p1, const float *qkv,
	                    const float *dout, float *dqkv, float *scratch);
};

extern const struct kernels kernels_portable;
#if defined(__x86_64__)
extern const struct kernels kernels_avx2;
void kernels_avx512_over(struct kernels *k); // replaces those that gain by 512 bits
#endif

// blas_kernels returns the kernels of rank i, best first, or NULL past the
// last one that this CPU can run.
const struct kernels *blas_kernels(int i);

// The functions that Go calls; k comes from blas_kernels.

// Matrix products, all row-major: c = finish(alpha * op(a) op(b) + beta * c), with
// op(a) m x kk and op(b) kk x n, in scratch of BLAS_SCRATCH floats.
enum { BLAS_KC = 384, BLAS_MC = 1024, BLAS_GROUP = 4, BLAS_SCRATCH = BLAS_KC * (BLAS_MC + BLAS_GROUP * 3 * 16) };

// Columns j0 (a multiple of 3*vw) to j1 of rows i0 to i1. If packed is not null it
// holds op(b), and b is not read.
void blas_gemm(const struct kernels *k, int trans_a, int trans_b, int64_t m, int64_t n, int64_t kk, float alpha,
               const float *a, int64_t lda, const float *b, int64_t ldb, const float *packed, float beta, float *c,
               int64_t ldc, const float *bias, const float *add, const float *times, float *slope, int gelu, int64_t i0,
               int64_t i1, int64_t j0, int64_t j1, float *scratch);
// finish alone, on rows x cols of c from c[at] on, in column `column`.
void blas_finish(const struct kernels *k, const float *bias, const float *add, const float *times, float *slope,
                 int gelu, int64_t rows, int64_t cols, float *c, int64_t ldc, int64_t at, int64_t column);
// Floats of a packed op(b), and packing it.
int64_t blas_packed_size(const struct kernels *k, int64_t n, int64_t kk);
void blas_pack_b(const struct kernels *k, int trans_b, int64_t n, int64_t kk, const float *b, int64_t ldb,
                 float *packed);
// Products number from to to of a batch, without finish: number o*inner + r is at
// a + o*a_outer + r*a_inner, and so on.
void blas_gemm_batch(const struct kernels *k, int trans_a, int trans_b, int64_t m, int64_t n, int64_t kk, float alpha,
                     const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc,
                     int64_t inner, int64_t a_outer, int64_t a_inner, int64_t b_outer, int64_t b_inner, int64_t c_outer,
                     int64_t c_inner, int64_t from, int64_t to, float *scratch);

// Where a padded copy of images [channels][h][w] puts their pixels: row r,
// column w, with u = left + w, is at
//   c*dst_plane + first + r*row + (u % phases)*phase + u/phases
// so that with phases = stride, the pixels under one kernel column of a strided
// convolution are neighbours. conv_spread writes them; the rest, the padding,
// is the caller's to keep zero.
struct layout {
	int64_t channels, h, w;
	int64_t src_stride, dst_stride; // floats per image
	int64_t dst_plane;              // floats per channel in dst
	int64_t row;                    // floats per row in dst
	int64_t first;                  // where row 0 starts in a channel
	int64_t phases, phase;          // number of phases, and floats per phase in a row
	int64_t left;                   // padded column of column 0
};
void conv_spread(const struct layout *l, const float *src, float *dst, int64_t img0, int64_t img1);

// conv_collect copies a grid of src [channels][plane] with rows of src_row
// floats into every step-th row and column of dst [channels][dst_h][dst_w].
struct grid {
	int64_t channels, h, w;
	int64_t src_stride, plane, src_row;
	int64_t dst_stride, dst_h, dst_w;
	int64_t row0, col0, row_step, col_step;
};
void conv_collect(const struct grid *g, const float *src, float *dst, int64_t img0, int64_t img1);

// conv_pack packs rows x taps weights for conv_run; weight (r, t) is at
// w[r*row_stride + tap[t]].
void conv_pack(int64_t rows, int64_t taps, int64_t row_stride, const int32_t *tap, const float *w, float *packed);

// Wrappers that call through k.
void blas_conv_run(const struct kernels *k, const struct conv_pass *p, const int32_t *koff, const int32_t *off,
                   const float *w, const float *bias, const float *src, float *dst, int64_t img0, int64_t img1);
void blas_conv_weights(const struct kernels *k, const struct conv_pass *p, const int32_t *koff, const int32_t *off,
                       const float *src, const float *dy, float *dw, int64_t images, int64_t tile0, int64_t tile1);
void blas_channel_sum(const struct kernels *k, const struct planes *s, const float *x, float *sum, int64_t c0,
                      int64_t c1);
void blas_channel_stats(const struct kernels *k, const struct planes *s, const float *x, float *mean, float *var,
                        int64_t c0, int64_t c1);
void blas_scale_shift(const struct kernels *k, const struct planes *s, const float *x, const float *scale,
                      const float *shift, int relu, float *y, int64_t c0, int64_t c1);
void blas_norm_grad(const struct kernels *k, const struct planes *s, int relu, int batch, const float *x,
                    const float *y, const float *dy, const float *mean, const float *inv, const float *gamma,
                    float *dx, float *dgamma, float *dbeta, int64_t c0, int64_t c1);
void blas_add_relu(const struct kernels *k, int64_t n, const float *a, const float *b, int relu, float *y);
void blas_relu(const struct kernels *k, int64_t n, const float *x, float *y);
void blas_relu_grad(const struct kernels *k, int64_t n, const float *y, const float *dy, float *dx);
void blas_gelu(const struct kernels *k, int64_t n, const float *x, float *y, float *slope);
void blas_gelu_grad(const struct kernels *k, int64_t n, const float *x, const float *dy, float *dx);
void blas_mul(const struct kernels *k, int64_t n, const float *a, const float *b, float *y);
void blas_tanh(const struct kernels *k, int64_t n, const float *x, float *y);
void blas_tanh_grad(const struct kernels *k, int64_t n, const float *y, const float *dy, float *dx);
void blas_softmax(const struct kernels *k, int64_t rows, int64_t cols, float scale, const float *x, const float *mask,
                  float *y);
void blas_softmax_grad(const struct kernels *k, int64_t rows, int64_t cols, float scale, const float *y,
                       const float *dy, float *dx);
void blas_layer_norm(const struct kernels *k, int64_t rows, int64_t cols, float eps, const float *x, const float *gamma,
                     const float *beta, float *y, float *mean, float *inv);
void blas_layer_norm_grad(const struct kernels *k, int64_t rows, int64_t cols, const float *x, const float *dy,
                          const float *gamma, const float *mean, const float *inv, float *dx, float *dgamma,
                          float *dbeta);
void blas_column_sum(const struct kernels *k, int64_t rows, int64_t cols, const float *x, float *sum, int64_t c0,
                     int64_t c1);
void blas_adamw(const struct kernels *k, const struct adamw_step *s, int64_t n, float *w, const float *g, float *m,
                float *v);
double blas_sum_squares(const struct kernels *k, int64_t n, const float *x);
void blas_sgd(const struct kernels *k, const struct sgd_step *s, int64_t n, float *w, const float *g, float *m);
void blas_lion(const struct kernels *k, const struct adamw_step *s, int64_t n, float *w, const float *g, float *m);
void blas_blend(const struct kernels *k, int64_t n, float a, const float *x, float *y);
void blas_square_sums(const struct kernels *k, int64_t rows, int64_t cols, const float *g, float *row, float *col);
double blas_outer_norm(const struct kernels *k, int64_t rows, int64_t cols, const float *g, const float *row,
                       const float *col);
void blas_outer_move(const struct kernels *k, int64_t rows, int64_t cols, float keep, float rate, const float *g,
                     const float *row, const float *col, float *w);
void blas_tanh_gelu(const struct kernels *k, int64_t rows, int64_t cols, const float *x, const float *bias, float *y,
                    float *slope);
void blas_axpy(const struct kernels *k, int64_t n, float a, const float *x, float *y);
void blas_dropout(const struct kernels *k, const struct dropout *d, int64_t i0, int64_t i1, const float *x,
                  const float *add, float *y);
void blas_attend(const struct kernels *k, const struct attention *a, const int32_t *starts, int64_t p0, int64_t p1,
                 const float *qkv, float *out, float *scratch);
void blas_attend_grad(const struct kernels *k, const struct attention *a, const int32_t *starts, int64_t p0,
                      int64_t p1, const float *qkv, const float *dout, float *dqkv, float *scratch);
int64_t attention_scratch(const struct attention *a);

#endif
