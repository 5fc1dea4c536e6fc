#include "library.h"

#include <stddef.h>

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };

#ifdef _WIN32
const char *library_open(const char *path, struct library *l) {
	(void)path, (void)l;
	return "other libraries can not be opened on Windows";
}
#else
#include <dlfcn.h>

const char *library_open(const char *path, struct library *l) {
	void *h = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!h)
		return dlerror();
	l->sgemm = (sgemm_fn)dlsym(h, "cblas_sgemm");
	if (!l->sgemm) // the name in the OpenBLAS of Python wheels
		l->sgemm = (sgemm_fn)dlsym(h, "scipy_cblas_sgemm");
	if (!l->sgemm)
		return "it has no function cblas_sgemm";
	static const char *const setters[] = {"openblas_set_num_threads", "scipy_openblas_set_num_threads",
	                                      "MKL_Set_Num_Threads", "bli_thread_set_num_threads"};
	for (size_t i = 0; i < sizeof setters / sizeof *setters && !l->set_threads; i++)
		l->set_threads = (void (*)(int))dlsym(h, setters[i]);
	l->config = (char *(*)(void))dlsym(h, "openblas_get_config");
	if (!l->config)
		l->config = (char *(*)(void))dlsym(h, "scipy_openblas_get_config");
	l->core = (char *(*)(void))dlsym(h, "openblas_get_corename");
	if (!l->core)
		l->core = (char *(*)(void))dlsym(h, "scipy_openblas_get_corename");
	return NULL;
}
#endif

void library_gemm(const struct library *l, int trans_a, int trans_b, int64_t m, int64_t n, int64_t k, float alpha,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc) {
	l->sgemm(ROW_MAJOR, trans_a ? TRANS : NO_TRANS, trans_b ? TRANS : NO_TRANS, (int)m, (int)n, (int)k, alpha, a,
	         (int)lda, b, (int)ldb, beta, c, (int)ldc);
}
void library_set_threads(const struct library *l, int n) {
	if (l->set_threads)
		l->set_threads(n);
}
const char *library_config(const struct library *l) { return l->config ? l->config() : ""; }
const char *library_core(const struct library *l) { return l->core ? l->core() : ""; }
