// Four float lanes: Advanced SIMD of 64-bit Arm, with dot products where the compiler's flags allow them.
#pragma once
#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/compiler.h"

namespace rerank {
namespace {

using Float = float32x4_t;
using Int = int32x4_t;
constexpr int kLanes = 4;
// 24 accumulators, 4 vectors of weights and a broadcast activation of 32 registers.
constexpr int kTileRows = 6;
constexpr int kTileVectors = 4;

RERANK_INLINE Float load(const float* p) { return vld1q_f32(p); }
RERANK_INLINE void store(float* p, Float v) { vst1q_f32(p, v); }
RERANK_INLINE Float splat(float x) { return vdupq_n_f32(x); }
RERANK_INLINE Float fma(Float a, Float b, Float c) { return vfmaq_f32(c, a, b); }
RERANK_INLINE void accumulate(Float& sum, Float a, Float b) { sum = vfmaq_f32(sum, a, b); }
RERANK_INLINE Float add(Float a, Float b) { return vaddq_f32(a, b); }
RERANK_INLINE Float sub(Float a, Float b) { return vsubq_f32(a, b); }
RERANK_INLINE Float mul(Float a, Float b) { return vmulq_f32(a, b); }
RERANK_INLINE Float div(Float a, Float b) { return vdivq_f32(a, b); }
RERANK_INLINE Float min(Float a, Float b) { return vminq_f32(a, b); }
RERANK_INLINE Float max(Float a, Float b) { return vmaxq_f32(a, b); }
RERANK_INLINE Float square_root(Float v) { return vsqrtq_f32(v); }
RERANK_INLINE float sum(Float v) { return vaddvq_f32(v); }
RERANK_INLINE float highest(Float v) { return vmaxvq_f32(v); }
RERANK_INLINE float lowest(Float v) { return vminvq_f32(v); }
RERANK_INLINE Float to_float(Int v) { return vcvtq_f32_s32(v); }

// x * 2^n, where `n_bits` holds n in the low bits of each lane.
RERANK_INLINE Float scale_by_power(Float x, Float n_bits) {
  const Int shifted = vshlq_n_s32(vreinterpretq_s32_f32(n_bits), 23);
  return vreinterpretq_f32_s32(vaddq_s32(vreinterpretq_s32_f32(x), shifted));
}

RERANK_INLINE Float keep_first(Float v, int count) {
  const int32_t lanes[4] = {0, 1, 2, 3};
  const uint32x4_t kept = vcgtq_s32(vdupq_n_s32(count), vld1q_s32(lanes));
  return vreinterpretq_f32_u32(vandq_u32(vreinterpretq_u32_f32(v), kept));
}

RERANK_INLINE Float load_half(const uint16_t* p) { return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p))); }
RERANK_INLINE Float load_bfloat16(const uint16_t* p) { return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16)); }

// Two vectors of bfloat16 interleaved lane by lane.
RERANK_INLINE void load_bfloat16_pair(const uint16_t* p, Float* low, Float* high) {
  const uint32x4_t both = vreinterpretq_u32_u16(vld1q_u16(p));
  *low = vreinterpretq_f32_u32(vshlq_n_u32(both, 16));
  *high = vreinterpretq_f32_u32(vandq_u32(both, vdupq_n_u32(0xffff0000u)));
}

#ifdef __ARM_FEATURE_DOTPROD
struct Int8Product {
  using Activation = int8_t;
  using Weight = int8_t;
  using Sum = Int;
  using Row = int8x16_t;
  using Column = int8x16_t;
  static constexpr int kGroup = 4;
  static constexpr int kZero = -128;  // what an activation of 0 steps is stored as
  static constexpr int kSteps = 255;

  RERANK_INLINE static Sum zero() { return vdupq_n_s32(0); }
  RERANK_INLINE static Row load_row(const int8_t* p) {
    int32_t bits;
    __builtin_memcpy(&bits, p, 4);
    return vreinterpretq_s8_s32(vdupq_n_s32(bits));
  }
  RERANK_INLINE static void load_columns(const int8_t* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) out[j] = vld1q_s8(p + 16 * j);
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) { sum = vdotq_s32(sum, row, column); }
  RERANK_INLINE static void store_activations(int8_t* p, Float steps);
};
#else
// 8-bit products without a dot product: multiplied to 16 bits, added in pairs to 32.
struct Int8Product {
  using Activation = int8_t;
  using Weight = int8_t;
  using Sum = Int;
  using Row = int8x8_t;
  using Column = int8x8_t;
  static constexpr int kGroup = 2;
  static constexpr int kZero = -128;
  static constexpr int kSteps = 255;

  RERANK_INLINE static Sum zero() { return vdupq_n_s32(0); }
  RERANK_INLINE static Row load_row(const int8_t* p) {
    int16_t bits;
    __builtin_memcpy(&bits, p, 2);
    return vreinterpret_s8_s16(vdup_n_s16(bits));
  }
  RERANK_INLINE static void load_columns(const int8_t* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) out[j] = vld1_s8(p + 8 * j);
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) { sum = vpadalq_s16(sum, vmull_s8(row, column)); }
  RERANK_INLINE static void store_activations(int8_t* p, Float steps);
};
#endif

// Rounds steps, 0 to 255.
RERANK_INLINE void Int8Product::store_activations(int8_t* p, Float steps) {
  const int16x4_t narrow = vmovn_s32(vaddq_s32(vcvtnq_s32_f32(steps), vdupq_n_s32(kZero)));
  const int8x8_t bytes = vmovn_s16(vcombine_s16(narrow, narrow));
  const int32_t four = vget_lane_s32(vreinterpret_s32_s8(bytes), 0);
  __builtin_memcpy(p, &four, 4);
}

#ifdef __ARM_FEATURE_BF16_VECTOR_ARITHMETIC
struct BFloat16Product {
  using Activation = uint16_t;
  using Weight = uint16_t;
  using Sum = Float;
  using Row = bfloat16x8_t;
  using Column = bfloat16x8_t;
  static constexpr int kGroup = 2;

  RERANK_INLINE static Sum zero() { return splat(0.0f); }
  RERANK_INLINE static Row load_row(const uint16_t* p) {
    uint32_t bits;
    __builtin_memcpy(&bits, p, 4);
    return vreinterpretq_bf16_u32(vdupq_n_u32(bits));
  }
  RERANK_INLINE static void load_columns(const uint16_t* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) out[j] = vreinterpretq_bf16_u16(vld1q_u16(p + 8 * j));
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) { sum = vbfdotq_f32(sum, row, column); }
  RERANK_INLINE static uint16x4_t narrow(Float v) { return vreinterpret_u16_bf16(vcvt_bf16_f32(v)); }
  RERANK_INLINE static void store_activations(uint16_t* p, Float v) { vst1_u16(p, narrow(v)); }
  // Two rows, interleaved lane by lane.
  RERANK_INLINE static void store_pairs(uint16_t* p, Float even, Float odd) {
    const uint16x4x2_t both = vzip_u16(narrow(even), narrow(odd));
    vst1q_u16(p, vcombine_u16(both.val[0], both.val[1]));
  }
};
#endif

RERANK_INLINE void prefetch(const char* p) { __builtin_prefetch(p, 0, 2); }

// A square of kLanes rows to the square of kLanes columns.
RERANK_INLINE void transpose(const float* in, ptrdiff_t in_stride, float* out, ptrdiff_t out_stride) {
  const float32x4x2_t top = vtrnq_f32(load(in), load(in + in_stride));
  const float32x4x2_t bottom = vtrnq_f32(load(in + 2 * in_stride), load(in + 3 * in_stride));
  RERANK_UNROLL
  for (int i = 0; i < 2; i++) {
    store(out + i * out_stride, vcombine_f32(vget_low_f32(top.val[i]), vget_low_f32(bottom.val[i])));
    store(out + (2 + i) * out_stride, vcombine_f32(vget_high_f32(top.val[i]), vget_high_f32(bottom.val[i])));
  }
}

}  // namespace
}  // namespace rerank
