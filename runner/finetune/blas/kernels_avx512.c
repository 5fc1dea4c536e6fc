#if defined(__x86_64__)
#include "kernels.h"
#include "vec_avx2.h"
#include "vec_avx512.h"

#include <math.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,fma")))
#define NAME(x) x##_avx512
#define GEMM_MR 8 // 24 sums, 3 columns and a broadcast of the 32 registers
#define GEMM_UNROLL 1

#include "math.inc.h"
#include "gemm_kernel.inc.h"
#include "finish.inc.h"
#include "rows.inc.h"
#include "step.inc.h"
#include "dropout.inc.h"
#include "tokens.inc.h"
#include "attention.inc.h"

// kernels_avx512_over replaces what is worth 512 bits; image rows are 4 to 32
// pixels.
void kernels_avx512_over(struct kernels *k) {
	k->name = "avx512";
	k->mr = GEMM_MR;
	k->vw = VW;
	k->tile = NAME(tiles);
	k->pack_lines = NAME(pack_lines);
	k->pack_rows = NAME(pack_rows);
	k->pack_panels = NAME(pack_panels);
	k->finish = NAME(finish);
	k->gelu = NAME(gelu);
	k->gelu_grad = NAME(gelu_grad);
	k->mul = NAME(mul);
	k->tanh = NAME(tanh);
	k->tanh_grad = NAME(tanh_grad);
	k->softmax = NAME(softmax);
	k->softmax_grad = NAME(softmax_grad);
	k->layer_norm = NAME(layer_norm);
	k->layer_norm_grad = NAME(layer_norm_grad);
	k->column_sum = NAME(column_sum);
	k->adamw = NAME(adamw);
	k->sum_squares = NAME(sum_squares);
	k->sgd = NAME(sgd);
	k->lion = NAME(lion);
	k->blend = NAME(blend);
	k->square_sums = NAME(square_sums);
	k->outer_norm = NAME(outer_norm);
	k->outer_move = NAME(outer_move);
	k->tanh_gelu = NAME(tanh_gelu);
	k->axpy = NAME(axpy);
	k->dropout = NAME(dropout);
	k->attend = NAME(attend);
	k->attend_grad = NAME(attend_grad);
}
#endif
