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

#include "math.inc"
#include "gemm_kernel.inc"
#include "finish.inc"
#include "conv_kernel.inc"
#include "pointwise.inc"
#include "rows.inc"
#include "step.inc"
#include "dropout.inc"
#include "tokens.inc"
#include "attention.inc"
#include "table.inc"
#endif
