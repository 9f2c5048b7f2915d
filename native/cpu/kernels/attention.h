// Attention of one sequence and head in float32.
#pragma once

namespace rerank {
namespace {

RERANK_INLINE int padded(int count) { return (count + kTileColumns - 1) / kTileColumns * kTileColumns; }

// Keys as panels: [panel][dimension][kTileColumns keys], zeros after the last key.
void pack_keys(const AttentionCall& call, float* out) {
  for (int first = 0; first < padded(call.keys); first += kLanes) {
    const float* in = call.k + first * call.k_stride;
    float* to = out + (ptrdiff_t)(first / kTileColumns) * call.head_size * kTileColumns + first % kTileColumns;
    if (first + kLanes <= call.keys) {
      for (int d = 0; d < call.head_size; d += kLanes) {
        transpose(in + d, call.k_stride, to + (ptrdiff_t)d * kTileColumns, kTileColumns);
      }
    } else {
      for (int d = 0; d < call.head_size; d++) {
        for (int i = 0; i < kLanes; i++) {
          to[(ptrdiff_t)d * kTileColumns + i] = first + i < call.keys ? in[i * call.k_stride + d] : 0.0f;
        }
      }
    }
  }
}

// Turns scores into exponentials and returns the inverse of their sum.
RERANK_INLINE float soften(float* scores, int keys, float scale) {
  Float m = splat(-3.0e38f), s = splat(0.0f);
  const int end = padded(keys);
  for (int j = keys; j < end; j++) scores[j] = -3.0e38f;
  for (int j = 0; j < end; j += kLanes) m = max(m, load(scores + j));
  const Float shift = splat(-highest(m) * scale);
  for (int j = 0; j < end; j += kLanes) {
    const Float e = exp2(fma(load(scores + j), splat(scale), shift));
    store(scores + j, e);
    s = add(s, e);
  }
  return 1.0f / sum(s);
}

struct AttentionTile {
  const AttentionCall& call;
  const float* keys;
  float* scores;
  ptrdiff_t scores_stride;

  template <int kRows>
  __attribute__((noinline)) void run(int first) const {
    const float* q = call.q + first * call.q_stride;
    for (int j = 0; j < call.keys; j += kTileColumns) {
      Float c[kRows][kTileVectors];
      clear<kRows>(c);
      multiply<Float32Weights, kRows>(c, q, call.q_stride, keys + (ptrdiff_t)j * call.head_size, call.head_size,
                                      (const char*)q);
      put<kRows>(c, scores + j, scores_stride);
    }
    float inverse[kRows];
    for (int i = 0; i < kRows; i++) inverse[i] = soften(scores + i * scores_stride, call.keys, call.scale);
    float* out = call.out + first * call.out_stride;
    for (int d = 0; d < call.head_size; d += kTileColumns) {
      Float c[kRows][kTileVectors];
      clear<kRows>(c);
      const float* v = call.v + d / kTileColumns * call.v_panel_stride;
      multiply<Float32Weights, kRows>(c, scores, scores_stride, v, call.keys, (const char*)q);
      RERANK_UNROLL
      for (int i = 0; i < kRows; i++) {
        RERANK_UNROLL
        for (int n = 0; n < kTileVectors; n++) c[i][n] = mul(c[i][n], splat(inverse[i]));
      }
      put<kRows>(c, out + d, call.out_stride);
    }
  }

  template <int kRows>
  RERANK_INLINE static void clear(Float (&c)[kRows][kTileVectors]) {
    RERANK_UNROLL
    for (int i = 0; i < kRows; i++) {
      RERANK_UNROLL
      for (int j = 0; j < kTileVectors; j++) c[i][j] = splat(0.0f);
    }
  }

  template <int kRows>
  RERANK_INLINE static void put(const Float (&c)[kRows][kTileVectors], float* out, ptrdiff_t stride) {
    RERANK_UNROLL
    for (int i = 0; i < kRows; i++) {
      RERANK_UNROLL
      for (int j = 0; j < kTileVectors; j++) store(out + i * stride + j * kLanes, c[i][j]);
    }
  }
};

// Rows of scores are a cache line apart from a power of two.
RERANK_INLINE ptrdiff_t scores_stride(int keys) { return padded(keys) + 16; }

size_t attention_scratch(int keys, int head_size) {
  return sizeof(float) * ((size_t)padded(keys) * head_size + kTileRows * scores_stride(keys));
}

void attend(const AttentionCall& call) {
  float* keys = (float*)call.scratch;
  float* scores = keys + (ptrdiff_t)padded(call.keys) * call.head_size;
  pack_keys(call, keys);
  for_each_tile(call.queries, AttentionTile{call, keys, scores, scores_stride(call.keys)});
}

}  // namespace
}  // namespace rerank
