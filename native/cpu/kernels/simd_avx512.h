// Sixteen float lanes: AVX-512 F, BW, DQ and VL.
#pragma once
#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/compiler.h"

namespace rerank {
namespace {

using Float = __m512;
using Int = __m512i;
constexpr int kLanes = 16;
// 24 accumulators, 2 vectors of weights and a broadcast activation of 32 registers; row addresses fit the others.
constexpr int kTileRows = 12;
constexpr int kTileVectors = 2;

RERANK_INLINE Float load(const float* p) { return _mm512_loadu_ps(p); }
RERANK_INLINE void store(float* p, Float v) { _mm512_storeu_ps(p, v); }
RERANK_INLINE Float splat(float x) { return _mm512_set1_ps(x); }
RERANK_INLINE Float fma(Float a, Float b, Float c) { return _mm512_fmadd_ps(a, b, c); }
RERANK_INLINE Float add(Float a, Float b) { return _mm512_add_ps(a, b); }
RERANK_INLINE Float sub(Float a, Float b) { return _mm512_sub_ps(a, b); }
RERANK_INLINE Float mul(Float a, Float b) { return _mm512_mul_ps(a, b); }
RERANK_INLINE Float div(Float a, Float b) { return _mm512_div_ps(a, b); }
RERANK_INLINE Float min(Float a, Float b) { return _mm512_min_ps(a, b); }
RERANK_INLINE Float max(Float a, Float b) { return _mm512_max_ps(a, b); }
RERANK_INLINE Float square_root(Float v) { return _mm512_sqrt_ps(v); }
RERANK_INLINE float sum(Float v) { return _mm512_reduce_add_ps(v); }
RERANK_INLINE float highest(Float v) { return _mm512_reduce_max_ps(v); }
RERANK_INLINE float lowest(Float v) { return _mm512_reduce_min_ps(v); }
RERANK_INLINE Float to_float(Int v) { return _mm512_cvtepi32_ps(v); }

// sum += a * b in place: left to itself, gcc moves accumulators between registers.
RERANK_INLINE void accumulate(Float& sum, Float a, Float b) {
  __asm__("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b));
}

// x * 2^n, where `n_bits` holds n in the low bits of each lane.
RERANK_INLINE Float scale_by_power(Float x, Float n_bits) {
  const Int shifted = _mm512_slli_epi32(_mm512_castps_si512(n_bits), 23);
  return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), shifted));
}

RERANK_INLINE Float keep_first(Float v, int count) {
  const Int lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  return _mm512_maskz_mov_ps(_mm512_cmpgt_epi32_mask(_mm512_set1_epi32(count), lane), v);
}

RERANK_INLINE Float load_half(const uint16_t* p) { return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i*)p)); }

RERANK_INLINE Float load_bfloat16(const uint16_t* p) {
  const Int wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i*)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}

// Two vectors of bfloat16 interleaved lane by lane.
RERANK_INLINE void load_bfloat16_pair(const uint16_t* p, Float* low, Float* high) {
  const Int both = _mm512_loadu_si512(p);
  *low = _mm512_castsi512_ps(_mm512_slli_epi32(both, 16));
  *high = _mm512_castsi512_ps(_mm512_and_si512(both, _mm512_set1_epi32((int)0xffff0000)));
}

RERANK_INLINE Int splat_bytes(const void* p) {
  int32_t bits;
  __builtin_memcpy(&bits, p, 4);
  return _mm512_set1_epi32(bits);
}

#ifdef __AVX512VNNI__
struct Int8Product {
  using Activation = uint8_t;
  using Weight = int8_t;
  using Sum = Int;
  using Row = Int;
  using Column = Int;
  static constexpr int kGroup = 4;
  static constexpr int kZero = 0;  // what an activation of 0 steps is stored as
  static constexpr int kSteps = 255;

  RERANK_INLINE static Sum zero() { return _mm512_setzero_si512(); }
  RERANK_INLINE static Row load_row(const uint8_t* p) { return splat_bytes(p); }
  RERANK_INLINE static void load_columns(const int8_t* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) out[j] = _mm512_loadu_si512(p + 64 * j);
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) { sum = _mm512_dpbusd_epi32(sum, row, column); }
  // Rounds steps, 0 to 255.
  RERANK_INLINE static void store_activations(uint8_t* p, Float steps) {
    _mm_storeu_si128((__m128i*)p, _mm512_cvtepi32_epi8(_mm512_cvtps_epi32(steps)));
  }
};
#else
// 8-bit products without an 8-bit dot product: both sides widened to 16 bits, where sums of two never saturate.
struct Int8Product {
  using Activation = int16_t;
  using Weight = int8_t;
  using Sum = Int;
  using Row = Int;
  using Column = Int;
  static constexpr int kGroup = 2;
  static constexpr int kZero = 0;
  static constexpr int kSteps = 32767;  // in 16 bits, finer activations cost nothing

  RERANK_INLINE static Sum zero() { return _mm512_setzero_si512(); }
  RERANK_INLINE static Row load_row(const int16_t* p) { return splat_bytes(p); }
  RERANK_INLINE static void load_columns(const int8_t* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) {
      out[j] = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const __m256i*)(p + 32 * j)));
    }
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) {
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(row, column));
    RERANK_IN_REGISTER(sum);  // else gcc adds the products up first, and they spill
  }
  RERANK_INLINE static void store_activations(int16_t* p, Float steps) {
    _mm256_storeu_si256((__m256i*)p, _mm512_cvtepi32_epi16(_mm512_cvtps_epi32(steps)));
  }
};
#endif

#ifdef __AVX512BF16__
struct BFloat16Product {
  using Activation = uint16_t;
  using Weight = uint16_t;
  using Sum = Float;
  using Row = Int;
  using Column = Int;
  static constexpr int kGroup = 2;

  RERANK_INLINE static Sum zero() { return splat(0.0f); }
  RERANK_INLINE static Row load_row(const uint16_t* p) { return splat_bytes(p); }
  RERANK_INLINE static void load_columns(const uint16_t* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) out[j] = _mm512_loadu_si512(p + 32 * j);
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) {
    sum = _mm512_dpbf16_ps(sum, (__m512bh)row, (__m512bh)column);
  }
  RERANK_INLINE static void store_activations(uint16_t* p, Float v) {
    _mm256_storeu_si256((__m256i*)p, (__m256i)_mm512_cvtneps_pbh(v));
  }
  // Two rows, interleaved lane by lane.
  RERANK_INLINE static void store_pairs(uint16_t* p, Float even, Float odd) {
    const Int low = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(even));
    const Int high = _mm512_cvtepu16_epi32((__m256i)_mm512_cvtneps_pbh(odd));
    _mm512_storeu_si512(p, _mm512_or_si512(low, _mm512_slli_epi32(high, 16)));
  }
};
#endif

RERANK_INLINE void prefetch(const char* p) { _mm_prefetch(p, _MM_HINT_T1); }

// A square of kLanes rows to the square of kLanes columns.
RERANK_INLINE void transpose(const float* in, ptrdiff_t in_stride, float* out, ptrdiff_t out_stride) {
  Float pair[16], quad[16];
  RERANK_UNROLL
  for (int i = 0; i < 16; i += 2) {
    const Float even = load(in + i * in_stride), odd = load(in + (i + 1) * in_stride);
    pair[i] = _mm512_unpacklo_ps(even, odd);
    pair[i + 1] = _mm512_unpackhi_ps(even, odd);
  }
  // quad[4 g + c], 128-bit lane b: column 4 b + c of rows 4 g .. 4 g + 3.
  RERANK_UNROLL
  for (int i = 0; i < 16; i += 4) {
    RERANK_UNROLL
    for (int j = 0; j < 2; j++) {
      quad[i + 2 * j] = _mm512_shuffle_ps(pair[i + j], pair[i + 2 + j], 0x44);
      quad[i + 2 * j + 1] = _mm512_shuffle_ps(pair[i + j], pair[i + 2 + j], 0xee);
    }
  }
  RERANK_UNROLL
  for (int c = 0; c < 4; c++) {
    const Float a = _mm512_shuffle_f32x4(quad[c], quad[4 + c], 0x44), b = _mm512_shuffle_f32x4(quad[8 + c], quad[12 + c], 0x44);
    const Float d = _mm512_shuffle_f32x4(quad[c], quad[4 + c], 0xee), e = _mm512_shuffle_f32x4(quad[8 + c], quad[12 + c], 0xee);
    store(out + c * out_stride, _mm512_shuffle_f32x4(a, b, 0x88));
    store(out + (4 + c) * out_stride, _mm512_shuffle_f32x4(a, b, 0xdd));
    store(out + (8 + c) * out_stride, _mm512_shuffle_f32x4(d, e, 0x88));
    store(out + (12 + c) * out_stride, _mm512_shuffle_f32x4(d, e, 0xdd));
  }
}

}  // namespace
}  // namespace rerank
