// The inner product tile that linear layers and attention share; include after one of the simd_*.h.
#pragma once

namespace rerank {
namespace {

constexpr int kTileColumns = kTileVectors * kLanes;

struct Float32Weights {
  using Element = float;
  RERANK_INLINE static void load_columns(const float* p, Float (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) out[j] = load(p + j * kLanes);
  }
};

struct BFloat16Weights {
  using Element = uint16_t;
  RERANK_INLINE static void load_columns(const uint16_t* p, Float (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j += 2) load_bfloat16_pair(p + j * kLanes, &out[j], &out[j + 1]);
  }
};

template <class Weights, int kRows>
RERANK_INLINE void multiply_step(Float (&c)[kRows][kTileVectors], const float* a, ptrdiff_t a_stride,
                                 const typename Weights::Element* b) {
  Float columns[kTileVectors];
  Weights::load_columns(b, columns);
  RERANK_UNROLL
  for (int i = 0; i < kRows; i++) {
    const Float row = splat(a[i * a_stride]);
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) c[i][j] = fma(row, columns[j], c[i][j]);
  }
}

// c += a[kRows][depth] x b[depth][kTileColumns]. Each element is one chain of fused multiply-adds in the order of
// depth, so it is the same in every tile height. `ahead` is fetched into the cache on the way, a line per 8 steps.
template <class Weights, int kRows>
RERANK_INLINE void multiply(Float (&c)[kRows][kTileVectors], const float* a, ptrdiff_t a_stride,
                            const typename Weights::Element* b, int depth, const char* ahead) {
  constexpr int kStep = 8;
  int k = 0;
  for (; k + kStep <= depth; k += kStep) {
    prefetch(ahead);
    ahead += 64;
    RERANK_UNROLL
    for (int u = 0; u < kStep; u++) {
      multiply_step<Weights, kRows>(c, a + k + u, a_stride, b + u * kTileColumns);
    }
    b += kStep * kTileColumns;
  }
  for (; k < depth; k++) {
    multiply_step<Weights, kRows>(c, a + k, a_stride, b);
    b += kTileColumns;
  }
}

// Calls tile.run<n>(first row) for runs of nearly equal n <= kMaxRows that together cover `rows`.
template <int kMaxRows, class Tile>
RERANK_INLINE void run_tile(int rows, int first, const Tile& tile) {
  if (rows == kMaxRows) {
    tile.template run<kMaxRows>(first);
  } else if constexpr (kMaxRows > 1) {
    run_tile<kMaxRows - 1>(rows, first, tile);
  }
}

template <class Tile>
RERANK_INLINE void for_each_tile(int rows, const Tile& tile) {
  int first = 0;
  for (int left = (rows + kTileRows - 1) / kTileRows; left > 0; left--) {
    const int height = (rows - first + left - 1) / left;
    run_tile<kTileRows>(height, first, tile);
    first += height;
  }
}

}  // namespace
}  // namespace rerank
