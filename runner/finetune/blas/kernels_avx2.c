#if defined(__x86_64__)
#include "kernels.h"
#include "vec_avx2.h"
#include "vec8.h"

#include <math.h>
#include <string.h>

#define TARGET __attribute__((target("avx2,fma")))
#define NAME(x) x##_avx2
#define KERNEL_NAME "avx2"
#define GEMM_MR 4 // 12 sums, 3 columns and a broadcast: the 16 registers
#define GEMM_UNROLL 1

#include "math.inc.h"
#include "gemm_kernel.inc.h"
#include "finish.inc.h"
#include "conv_kernel.inc.h"
#include "pointwise.inc.h"
#include "rows.inc.h"
#include "step.inc.h"
#include "dropout.inc.h"
#include "tokens.inc.h"
#include "attention.inc.h"
#include "table.inc.h"
#endif
