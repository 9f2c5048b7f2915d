// Attention of one sequence and head, and its float32 form.
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

// Turns a row of scores into exponentials and returns the inverse of their sum.
template <class Product>
RERANK_INLINE float soften(float* scores, int keys, float scale, typename Product::Activation* out) {
  const int end = padded(keys);
  for (int j = keys; j < end; j++) scores[j] = -3.0e38f;
  Float top[kTileVectors], total[kTileVectors];
  RERANK_UNROLL
  for (int n = 0; n < kTileVectors; n++) {
    top[n] = splat(-3.0e38f);
    total[n] = splat(0.0f);
  }
  for (int j = 0; j < end; j += kTileColumns) {
    RERANK_UNROLL
    for (int n = 0; n < kTileVectors; n++) top[n] = max(top[n], load(scores + j + n * kLanes));
  }
  RERANK_UNROLL
  for (int n = 1; n < kTileVectors; n++) top[0] = max(top[0], top[n]);
  const Float shift = splat(-highest(top[0]) * scale);
  for (int j = 0; j < end; j += kTileColumns) {
    RERANK_UNROLL
    for (int n = 0; n < kTileVectors; n++) {
      const Float e = exp2(fma(load(scores + j + n * kLanes), splat(scale), shift));
      Product::store_activations(out + j + n * kLanes, e);
      total[n] = add(total[n], e);
    }
  }
  RERANK_UNROLL
  for (int n = 1; n < kTileVectors; n++) total[0] = add(total[0], total[n]);
  return 1.0f / sum(total[0]);
}

template <class Product>
struct AttentionTile {
  using Activation = typename Product::Activation;
  using Weight = typename Product::Weight;

  const AttentionCall& call;
  const Activation* q;
  ptrdiff_t q_stride;
  const Weight* keys;
  const Weight* values;  // panels of [key][tile_columns], kGroup keys at a time
  ptrdiff_t value_panel_stride;
  float* scores;
  Activation* weights;  // rows as far apart as those of the scores, which may be the same memory
  ptrdiff_t scores_stride;

  template <int kRows>
  __attribute__((noinline)) void run(int first) const {
    const Activation* rows = q + first * q_stride;
    for (int j = 0; j < call.keys; j += kTileColumns) {
      Sums<Product, kRows> c;
      clear<Product, kRows>(c);
      multiply<Product, kRows>(c, rows, q_stride, keys + (ptrdiff_t)j * call.head_size, call.head_size, (const char*)rows);
      put<kRows>(c, scores + j, scores_stride);
    }
    float inverse[kRows];
    for (int i = 0; i < kRows; i++) {
      inverse[i] = soften<Product>(scores + i * scores_stride, call.keys, call.scale, weights + i * scores_stride);
    }
    const int depth = (call.keys + Product::kGroup - 1) / Product::kGroup * Product::kGroup;
    for (int d = 0; d < call.head_size; d += kTileColumns) {
      Sums<Product, kRows> c;
      clear<Product, kRows>(c);
      const Weight* v = values + d / kTileColumns * value_panel_stride;
      multiply<Product, kRows>(c, weights, scores_stride, v, depth, (const char*)rows);
      RERANK_UNROLL
      for (int i = 0; i < kRows; i++) {
        RERANK_UNROLL
        for (int n = 0; n < kTileVectors; n++) c[i][n] = mul(c[i][n], splat(inverse[i]));
      }
      put<kRows>(c, call.out + first * call.out_stride + d, call.out_stride);
    }
  }

  template <int kRows>
  RERANK_INLINE static void put(const Sums<Product, kRows>& c, float* out, ptrdiff_t stride) {
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
  const AttentionTile<Float32Product> tile{
      call, call.q, call.q_stride, keys, call.v, call.v_panel_stride, scores, scores, scores_stride(call.keys)};
  for_each_tile(call.queries, tile);
}

}  // namespace
}  // namespace rerank
