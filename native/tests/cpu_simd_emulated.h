// Sixteen lanes in plain loops, with the tile, the dot products and the layouts of simd_avx512.h: proves the kernels'
// logic for AVX-512 on machines that lack it.
#pragma once
#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu/kernels/compiler.h"
// Lanes are loops here; unrolling tiles as well would take the compiler minutes.
#undef RERANK_INLINE
#undef RERANK_UNROLL
#undef RERANK_IN_REGISTER
#define RERANK_INLINE inline
#define RERANK_UNROLL
#define RERANK_IN_REGISTER(vector) (void)(vector)

namespace rerank {
namespace {

constexpr int kLanes = 16;
constexpr int kTileRows = 12;
constexpr int kTileVectors = 2;

struct Float {
  float v[kLanes];
};
struct Int {
  int32_t v[kLanes];
};

template <class Lane>
RERANK_INLINE Float each(const Lane& lane) {
  Float out;
  for (int i = 0; i < kLanes; i++) out.v[i] = lane(i);
  return out;
}

template <class To, class From>
RERANK_INLINE To bits_of(From x) {
  static_assert(sizeof(To) == sizeof(From));
  To out;
  __builtin_memcpy(&out, &x, sizeof(out));
  return out;
}

// One rounding but for rare ties; a call of the C library's would take most of the tests' time.
RERANK_INLINE float fused(float a, float b, float c) { return (float)((double)a * b + c); }

RERANK_INLINE Float load(const float* p) {
  return each([&](int i) { return p[i]; });
}
RERANK_INLINE void store(float* p, Float v) {
  for (int i = 0; i < kLanes; i++) p[i] = v.v[i];
}
RERANK_INLINE Float splat(float x) {
  return each([&](int) { return x; });
}
RERANK_INLINE Float fma(Float a, Float b, Float c) {
  return each([&](int i) { return fused(a.v[i], b.v[i], c.v[i]); });
}
RERANK_INLINE void accumulate(Float& sum, Float a, Float b) { sum = fma(a, b, sum); }
RERANK_INLINE Float add(Float a, Float b) {
  return each([&](int i) { return a.v[i] + b.v[i]; });
}
RERANK_INLINE Float sub(Float a, Float b) {
  return each([&](int i) { return a.v[i] - b.v[i]; });
}
RERANK_INLINE Float mul(Float a, Float b) {
  return each([&](int i) { return a.v[i] * b.v[i]; });
}
RERANK_INLINE Float div(Float a, Float b) {
  return each([&](int i) { return a.v[i] / b.v[i]; });
}
RERANK_INLINE Float min(Float a, Float b) {
  return each([&](int i) { return a.v[i] < b.v[i] ? a.v[i] : b.v[i]; });
}
RERANK_INLINE Float max(Float a, Float b) {
  return each([&](int i) { return a.v[i] > b.v[i] ? a.v[i] : b.v[i]; });
}
RERANK_INLINE Float square_root(Float a) {
  return each([&](int i) { return __builtin_sqrtf(a.v[i]); });
}
RERANK_INLINE Float keep_first(Float a, int count) {
  return each([&](int i) { return i < count ? a.v[i] : 0.0f; });
}
RERANK_INLINE Float scale_by_power(Float x, Float n) {
  return each([&](int i) { return bits_of<float>(bits_of<uint32_t>(x.v[i]) + (bits_of<uint32_t>(n.v[i]) << 23)); });
}
RERANK_INLINE Float to_float(Int a) {
  return each([&](int i) { return (float)a.v[i]; });
}
RERANK_INLINE float sum(Float a) {
  float total = 0;
  for (float x : a.v) total += x;
  return total;
}
RERANK_INLINE float highest(Float a) {
  float best = a.v[0];
  for (float x : a.v) best = x > best ? x : best;
  return best;
}
RERANK_INLINE float lowest(Float a) {
  float best = a.v[0];
  for (float x : a.v) best = x < best ? x : best;
  return best;
}

RERANK_INLINE float widened(uint16_t bits) { return bits_of<float>((uint32_t)bits << 16); }
RERANK_INLINE Float load_bfloat16(const uint16_t* p) {
  return each([&](int i) { return widened(p[i]); });
}
RERANK_INLINE void load_bfloat16_pair(const uint16_t* p, Float* low, Float* high) {
  *low = each([&](int i) { return widened(p[2 * i]); });
  *high = each([&](int i) { return widened(p[2 * i + 1]); });
}
RERANK_INLINE Float load_half(const uint16_t* p) {
  return each([&](int i) {
    const int exponent = (p[i] >> 10) & 31, mantissa = p[i] & 1023;
    if (exponent == 31) return bits_of<float>((uint32_t)(p[i] & 0x8000) << 16 | 0x7f800000u | (uint32_t)mantissa << 13);
    const float magnitude = exponent ? ldexpf(1024 + mantissa, exponent - 25) : ldexpf(mantissa, -24);
    return p[i] & 0x8000 ? -magnitude : magnitude;
  });
}

RERANK_INLINE uint16_t narrowed(float x) {  // to the nearest, ties to even
  const uint32_t bits = bits_of<uint32_t>(x);
  return x == x ? (uint16_t)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16) : (uint16_t)0x7fc0;
}

// vdpbf16ps
struct BFloat16Product {
  using Activation = uint16_t;
  using Weight = uint16_t;
  using Sum = Float;
  using Row = const uint16_t*;
  using Column = const uint16_t*;
  static constexpr int kGroup = 2;

  RERANK_INLINE static Sum zero() { return splat(0.0f); }
  RERANK_INLINE static Row load_row(const uint16_t* p) { return p; }
  RERANK_INLINE static void load_columns(const uint16_t* p, Column (&out)[kTileVectors]) {
    for (int j = 0; j < kTileVectors; j++) out[j] = p + 32 * j;
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) {
    sum = each([&](int i) {
      const float odd = fused(widened(row[1]), widened(column[2 * i + 1]), sum.v[i]);
      return fused(widened(row[0]), widened(column[2 * i]), odd);
    });
  }
  RERANK_INLINE static void store_activations(uint16_t* p, Float v) {
    for (int i = 0; i < kLanes; i++) p[i] = narrowed(v.v[i]);
  }
  RERANK_INLINE static void store_pairs(uint16_t* p, Float even, Float odd) {
    for (int i = 0; i < kLanes; i++) {
      p[2 * i] = narrowed(even.v[i]);
      p[2 * i + 1] = narrowed(odd.v[i]);
    }
  }
};

// vpdpbusd
struct Int8Product {
  using Activation = uint8_t;
  using Weight = int8_t;
  using Sum = Int;
  using Row = const uint8_t*;
  using Column = const int8_t*;
  static constexpr int kGroup = 4;
  static constexpr int kZero = 0;
  static constexpr int kSteps = 255;

  RERANK_INLINE static Sum zero() { return Int{}; }
  RERANK_INLINE static Row load_row(const uint8_t* p) { return p; }
  RERANK_INLINE static void load_columns(const int8_t* p, Column (&out)[kTileVectors]) {
    for (int j = 0; j < kTileVectors; j++) out[j] = p + 64 * j;
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) {
    for (int i = 0; i < kLanes; i++) {
      for (int n = 0; n < 4; n++) sum.v[i] += row[n] * column[4 * i + n];
    }
  }
  RERANK_INLINE static void store_activations(uint8_t* p, Float steps) {
    for (int i = 0; i < kLanes; i++) p[i] = (uint8_t)lrintf(steps.v[i]);
  }
};

RERANK_INLINE void prefetch(const char*) {}

RERANK_INLINE void transpose(const float* in, ptrdiff_t in_stride, float* out, ptrdiff_t out_stride) {
  for (int i = 0; i < kLanes; i++) {
    for (int j = 0; j < kLanes; j++) {  // bits: a lane may hold two bfloat16
      __builtin_memcpy(out + j * out_stride + i, in + i * in_stride + j, sizeof(float));
    }
  }
}

}  // namespace
}  // namespace rerank
