#pragma once

// Kernels rely on full unrolling: an accumulator array that stays an array lives on the stack.
#define RERANK_INLINE inline __attribute__((always_inline))
#if defined(__clang__)
#define RERANK_UNROLL _Pragma("unroll")
#else
#define RERANK_UNROLL _Pragma("GCC unroll 16")
#endif

// Hides from the compiler how a pointer came about, so that it keeps it instead of deriving others from it.
#define RERANK_OPAQUE(pointer) __asm__("" : "+r"(pointer))

// Makes a vector be in a register here, and hides how it was computed.
#if defined(__AVX512F__)
#define RERANK_IN_REGISTER(vector) __asm__("" : "+v"(vector))
#elif defined(__x86_64__)
#define RERANK_IN_REGISTER(vector) __asm__("" : "+x"(vector))
#else
#define RERANK_IN_REGISTER(vector) __asm__("" : "+w"(vector))
#endif
