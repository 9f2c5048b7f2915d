// The inner product tile that linear layers and attention share; include after one of the simd_*.h.
#pragma once

namespace rerank {
namespace {

constexpr int kTileColumns = kTileVectors * kLanes;

// How a tile multiplies: activations and weights as they lie in memory, kGroup inputs of each per step, and what
// becomes of them in registers. The simd_*.h define further ones.
struct Float32Product {
  using Activation = float;
  using Weight = float;
  using Sum = Float;
  using Row = Float;
  using Column = Float;
  static constexpr int kGroup = 1;

  RERANK_INLINE static Sum zero() { return splat(0.0f); }
  RERANK_INLINE static Row load_row(const float* p) { return splat(*p); }
  RERANK_INLINE static void load_columns(const float* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) out[j] = load(p + j * kLanes);
  }
  RERANK_INLINE static void add(Sum& sum, Row row, Column column) { accumulate(sum, row, column); }
  RERANK_INLINE static void store_activations(float* p, Float v) { store(p, v); }
};

// Weights in bfloat16, widened on the way.
struct BFloat16WeightProduct : Float32Product {
  using Weight = uint16_t;

  RERANK_INLINE static void load_columns(const uint16_t* p, Column (&out)[kTileVectors]) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j += 2) load_bfloat16_pair(p + j * kLanes, &out[j], &out[j + 1]);
  }
};

template <class Product, int kRows>
using Sums = typename Product::Sum[kRows][kTileVectors];

// Addresses of a tile's rows: a base for every third one, the others by the processor's own base + stride and
// base + 2 * stride. A pointer for each row would not fit the registers.
template <class Activation, int kRows>
struct RowPointers {
  static constexpr int kBases = (kRows + 2) / 3;
  const Activation* bases[kBases];

  RERANK_INLINE RowPointers(const Activation* a, ptrdiff_t stride) {
    RERANK_UNROLL
    for (int i = 0; i < kBases; i++) {
      bases[i] = a + 3 * i * stride;
      RERANK_OPAQUE(bases[i]);
    }
  }
  RERANK_INLINE const Activation* row(int i, ptrdiff_t stride) const { return bases[i / 3] + i % 3 * stride; }
  RERANK_INLINE void advance(int count) {
    RERANK_UNROLL
    for (int i = 0; i < kBases; i++) {
      bases[i] += count;
      RERANK_OPAQUE(bases[i]);
    }
  }
};

template <class Product, int kRows>
RERANK_INLINE void multiply_step(Sums<Product, kRows>& c, const RowPointers<typename Product::Activation, kRows>& a,
                                 ptrdiff_t a_stride, int k, const typename Product::Weight* b) {
  typename Product::Column columns[kTileVectors];
  Product::load_columns(b, columns);
  RERANK_UNROLL
  for (int i = 0; i < kRows; i++) {
    const typename Product::Row row = Product::load_row(a.row(i, a_stride) + k);
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) Product::add(c[i][j], row, columns[j]);
  }
}

// c += a[kRows][depth] x b[depth][kTileColumns]; depth is a multiple of kGroup. Each element is one chain of additions
// in the order of depth, so it is the same in every tile height. `ahead` is fetched into the cache on the way, a line
// per 8 steps.
template <class Product, int kRows>
RERANK_INLINE void multiply(Sums<Product, kRows>& c, const typename Product::Activation* a, ptrdiff_t a_stride,
                            const typename Product::Weight* b, int depth, const char* ahead) {
  constexpr int kSteps = 8, kDepth = kSteps * Product::kGroup;
  RowPointers<typename Product::Activation, kRows> rows(a, a_stride);
  int k = 0;
  for (; k + kDepth <= depth; k += kDepth) {
    prefetch(ahead);
    ahead += 64;
    RERANK_UNROLL
    for (int u = 0; u < kDepth; u += Product::kGroup) {
      multiply_step<Product, kRows>(c, rows, a_stride, u, b + u * kTileColumns);
    }
    rows.advance(kDepth);
    b += kDepth * kTileColumns;
  }
  for (; k < depth; k += Product::kGroup) {
    multiply_step<Product, kRows>(c, rows, a_stride, 0, b);
    rows.advance(Product::kGroup);
    b += Product::kGroup * kTileColumns;
  }
  // What follows may like the sums in memory: without this, gcc writes them there in every turn of the loop above.
  RERANK_UNROLL
  for (int i = 0; i < kRows; i++) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) RERANK_IN_REGISTER(c[i][j]);
  }
}

template <class Product, int kRows>
RERANK_INLINE void clear(Sums<Product, kRows>& c) {
  RERANK_UNROLL
  for (int i = 0; i < kRows; i++) {
    RERANK_UNROLL
    for (int j = 0; j < kTileVectors; j++) c[i][j] = Product::zero();
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
