#pragma once

// Kernels rely on full unrolling: an accumulator array that stays an array lives on the stack.
#define RERANK_INLINE inline __attribute__((always_inline))
#if defined(__clang__)
#define RERANK_UNROLL _Pragma("unroll")
#else
#define RERANK_UNROLL _Pragma("GCC unroll 16")
#endif
