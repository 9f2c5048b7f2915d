// Eight float lanes: AVX2 with FMA and F16C.
#pragma once
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/compiler.h"

namespace rerank {
namespace {

using Float = __m256;
using Int = __m256i;
constexpr int kLanes = 8;
// 12 accumulators, 2 vectors of weights and one broadcast activation fit the 16 registers.
constexpr int kTileRows = 6;
constexpr int kTileVectors = 2;

RERANK_INLINE Float load(const float* p) { return _mm256_loadu_ps(p); }
RERANK_INLINE void store(float* p, Float v) { _mm256_storeu_ps(p, v); }
RERANK_INLINE Float splat(float x) { return _mm256_set1_ps(x); }
RERANK_INLINE Float fma(Float a, Float b, Float c) { return _mm256_fmadd_ps(a, b, c); }
RERANK_INLINE Float add(Float a, Float b) { return _mm256_add_ps(a, b); }
RERANK_INLINE Float sub(Float a, Float b) { return _mm256_sub_ps(a, b); }
RERANK_INLINE Float mul(Float a, Float b) { return _mm256_mul_ps(a, b); }
RERANK_INLINE Float div(Float a, Float b) { return _mm256_div_ps(a, b); }
RERANK_INLINE Float min(Float a, Float b) { return _mm256_min_ps(a, b); }
RERANK_INLINE Float max(Float a, Float b) { return _mm256_max_ps(a, b); }
RERANK_INLINE Float square_root(Float v) { return _mm256_sqrt_ps(v); }

// sum += a * b in place: left to itself, gcc moves accumulators between registers, for 3 % of the encoder's time.
RERANK_INLINE void accumulate(Float& sum, Float a, Float b) {
  __asm__("vfmadd231ps %2, %1, %0" : "+x"(sum) : "x"(a), "x"(b));
}

// x * 2^n, where `n_bits` holds n in the low bits of each lane.
RERANK_INLINE Float scale_by_power(Float x, Float n_bits) {
  const Int shifted = _mm256_slli_epi32(_mm256_castps_si256(n_bits), 23);
  return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), shifted));
}

RERANK_INLINE Float keep_first(Float v, int count) {
  const Int lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
  return _mm256_and_ps(v, _mm256_castsi256_ps(_mm256_cmpgt_epi32(_mm256_set1_epi32(count), lane)));
}

RERANK_INLINE float sum(Float v) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_shuffle_ps(s, s, 1)));
}

RERANK_INLINE float highest(Float v) {
  __m128 m = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_max_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_max_ss(m, _mm_shuffle_ps(m, m, 1)));
}

RERANK_INLINE Float load_half(const uint16_t* p) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i*)p)); }

RERANK_INLINE Float load_bfloat16(const uint16_t* p) {
  const Int wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i*)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}

// Two vectors of bfloat16 interleaved lane by lane.
RERANK_INLINE void load_bfloat16_pair(const uint16_t* p, Float* low, Float* high) {
  const Int both = _mm256_loadu_si256((const __m256i*)p);
  *low = _mm256_castsi256_ps(_mm256_slli_epi32(both, 16));
  *high = _mm256_castsi256_ps(_mm256_and_si256(both, _mm256_set1_epi32((int)0xffff0000)));
}

RERANK_INLINE Float to_float(Int v) { return _mm256_cvtepi32_ps(v); }
RERANK_INLINE float lowest(Float v) {
  __m128 m = _mm_min_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  m = _mm_min_ps(m, _mm_movehl_ps(m, m));
  return _mm_cvtss_f32(_mm_min_ss(m, _mm_shuffle_ps(m, m, 1)));
}

// Products with 8-bit weights without an 8-bit dot product: both sides in 16 bits, where sums of two never saturate.
struct Int8Product {
  using Activation = int16_t;
  using Weight = int8_t;
  using Sum = Int;
  using Row = Int;
  using Column = Int;
  static constexpr int kGroup = 2;
  static constexpr int kZero = 0;  // what an activation of 0 steps is stored as
  static constexpr int kSteps = 32767;  // in 16 bits, finer activations cost nothing

  RERANK_INLINE static Sum zero() { return _mm256_setzero_si256(); }
  RERANK_INLINE static Row load_row(const int16_t* p) {
    int32_t pair;
    __builtin_memcpy(&pair, p, 4);
    return _mm256_set1_epi32(pair);
  }
  RERANK_INLINE static void load_columns(const int8_t* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) out[j] = _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i*)p + j));
  }
  // In place, with one product in a register at a time: left to itself, gcc keeps several, and sums spill.
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) {
    Int product;
    __asm__("vpmaddwd %3, %2, %1\n\tvpaddd %1, %0, %0" : "+x"(sum), "=&x"(product) : "x"(row), "x"(column));
  }
  // Rounds steps, 0 to kSteps.
  RERANK_INLINE static void store_activations(int16_t* p, Float steps) {
    const Int rounded = _mm256_cvtps_epi32(steps);
    const __m128i low = _mm256_castsi256_si128(rounded), high = _mm256_extracti128_si256(rounded, 1);
    _mm_storeu_si128((__m128i*)p, _mm_packs_epi32(low, high));
  }
};

RERANK_INLINE void prefetch(const char* p) { _mm_prefetch(p, _MM_HINT_T1); }

// A square of kLanes rows to the square of kLanes columns.
RERANK_INLINE void transpose(const float* in, ptrdiff_t in_stride, float* out, ptrdiff_t out_stride) {
  Float pair[8], quad[8];
  for (int i = 0; i < 8; i += 2) {
    const Float even = load(in + i * in_stride), odd = load(in + (i + 1) * in_stride);
    pair[i] = _mm256_unpacklo_ps(even, odd);
    pair[i + 1] = _mm256_unpackhi_ps(even, odd);
  }
  for (int i = 0; i < 8; i += 4) {
    for (int j = 0; j < 2; j++) {
      quad[i + 2 * j] = _mm256_shuffle_ps(pair[i + j], pair[i + 2 + j], 0x44);
      quad[i + 2 * j + 1] = _mm256_shuffle_ps(pair[i + j], pair[i + 2 + j], 0xee);
    }
  }
  for (int i = 0; i < 4; i++) {
    store(out + i * out_stride, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x20));
    store(out + (i + 4) * out_stride, _mm256_permute2f128_ps(quad[i], quad[i + 4], 0x31));
  }
}

}  // namespace
}  // namespace rerank
