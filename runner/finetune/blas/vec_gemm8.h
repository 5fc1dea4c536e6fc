// The matrix product's vector operations in terms of v8.
#define V v8
#define VW 8
#define V_ZERO v8_zero
#define V_SET1 v8_set1
#define V_LOAD v8_load
#define V_STORE v8_store
#define V_MUL v8_mul
#define V_FMA v8_fma
