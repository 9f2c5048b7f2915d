// Linear layers summed in float32, whatever their activations and weights are stored as.
#pragma once

namespace rerank {
namespace {

// Depth of one pass over a panel: its weights (24 KB) stay in the first-level cache while the rows go by.
template <class Product>
constexpr int kPassDepth = 24 * 1024 / (kTileColumns * (int)sizeof(typename Product::Weight));

template <class Product>
struct FloatTile {
  const typename Product::Activation* a;
  ptrdiff_t a_stride;
  const typename Product::Weight* b;
  int depth;
  const float* bias;   // null: none
  const float* start;  // null: zero
  ptrdiff_t start_stride;
  Finish finish;
  float* out;
  ptrdiff_t out_stride;
  const char* ahead;
  ptrdiff_t ahead_per_row;

  template <int kRows>
  __attribute__((noinline)) void run(int first) const {
    Sums<Product, kRows> c;
    clear<Product, kRows>(c);
    multiply<Product, kRows>(c, a + first * a_stride, a_stride, b, depth, ahead + first * ahead_per_row);
    // Bias and start come last: added to a sum that is still small, products are rounded less.
    if (bias) {
      RERANK_UNROLL
      for (int i = 0; i < kRows; i++) {
        RERANK_UNROLL
        for (int j = 0; j < kTileVectors; j++) c[i][j] = add(c[i][j], load(bias + j * kLanes));
      }
    }
    if (start) {
      RERANK_UNROLL
      for (int i = 0; i < kRows; i++) {
        RERANK_UNROLL
        for (int j = 0; j < kTileVectors; j++) {
          c[i][j] = add(c[i][j], load(start + (first + i) * start_stride + j * kLanes));
        }
      }
    }
    float* to = out + first * out_stride;
    RERANK_UNROLL
    for (int i = 0; i < kRows; i++) {
      RERANK_UNROLL
      for (int j = 0; j < kTileVectors; j++) store(to + i * out_stride + j * kLanes, c[i][j]);
    }
    apply(finish, to, out_stride, kRows);
  }
};

template <class Product>
void float_linear(const LinearCall& call) {
  using Weight = typename Product::Weight;
  constexpr int kDepth = kPassDepth<Product>;
  const PackedLinear& layer = *call.layer;
  for (int panel = 0; panel < call.panels; panel++) {
    const int column = (call.first_panel + panel) * kTileColumns;
    const Weight* weights = (const Weight*)layer.weights + (ptrdiff_t)column * layer.inputs +
                             (ptrdiff_t)call.first_input * kTileColumns;
    float* out = call.out + panel * call.panel_stride;
    for (int k = 0; k < call.inputs;) {
      const int passes = (call.inputs - k + kDepth - 1) / kDepth;
      const int depth = passes == 1 ? call.inputs - k : (call.inputs - k) / passes / kLanes * kLanes;
      const bool last = k + depth == call.inputs;
      FloatTile<Product> tile;
      tile.a = (const typename Product::Activation*)call.operand.data + k;
      tile.a_stride = call.operand.stride;
      tile.b = weights + (ptrdiff_t)k * kTileColumns;
      tile.depth = depth;
      tile.bias = k == 0 && call.add_bias ? layer.bias + column : nullptr;
      tile.start = k == 0 ? call.residual ? call.residual + panel * kTileColumns : nullptr : out;
      tile.start_stride = k == 0 ? call.residual_stride : call.row_stride;
      tile.finish = last ? call.finish : Finish::kNone;
      tile.out = out;
      tile.out_stride = call.row_stride;
      // The weights that come next, spread over the rows.
      tile.ahead = (const char*)(last ? weights + (ptrdiff_t)layer.inputs * kTileColumns
                                      : tile.b + (ptrdiff_t)depth * kTileColumns);
      tile.ahead_per_row = (ptrdiff_t)(depth * kTileColumns * sizeof(Weight)) / call.rows;
      for_each_tile(call.rows, tile);
      k += depth;
    }
  }
}

}  // namespace
}  // namespace rerank
