// A BLAS library opened at run time, behind the C interface that OpenBLAS, MKL,
// BLIS and Accelerate share.
#ifndef AUTOML_BLAS_LIBRARY_H
#define AUTOML_BLAS_LIBRARY_H

#include <stdint.h>

typedef void (*sgemm_fn)(int order, int trans_a, int trans_b, int m, int n, int k, float alpha, const float *a, int lda,
                         const float *b, int ldb, float beta, float *c, int ldc);

struct library {
	sgemm_fn sgemm;
	void (*set_threads)(int n);  // null if the library has no such function
	char *(*config)(void);       // OpenBLAS: its version and options, or null
	char *(*core)(void);         // OpenBLAS: the CPU that it believes to run on, or null
};

// library_open opens path and finds its functions. It returns null, or why not.
const char *library_open(const char *path, struct library *l);

// c = alpha * op(a) op(b) + beta * c, all row-major.
void library_gemm(const struct library *l, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, float alpha,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);
void library_set_threads(const struct library *l, int n);
const char *library_config(const struct library *l);
const char *library_core(const struct library *l);

#endif
