#if defined(__aarch64__) && !defined(__clang__)
// GCC would move the loads of a step together, and spill sums to make room.
#pragma GCC optimize("no-schedule-insns")
#endif

#include "kernels.h"
#include "vec_portable.h"
#include "vec8.h"

#define TARGET
#define NAME(x) x##_portable
#if defined(__ARM_NEON) || defined(__ARM_NEON__)
// The generic vectors are NEON registers here: 24 sums, 6 columns, 1 broadcast
// of 32, and the compiler contracts a + b*c to fmla.
#define KERNEL_NAME "neon"
#else
#define KERNEL_NAME "portable"
#endif
#define GEMM_MR 4
#define GEMM_UNROLL 0 // four steps at once spill sums of NEON to the stack

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
