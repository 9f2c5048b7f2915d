// Linear layers with weights in 8 bits. Every group of kInt8Group inputs has a scale for each output (weights: -127 to
// 127 steps) and a range for each row (activations: lowest + step * q, q from 0 to Product::kSteps), so no row depends
// on another.
#pragma once

namespace rerank {
namespace {

// A group's sum of products fits 32 bits.
template <class Product>
constexpr bool kSumsFit = int64_t{kInt8Group} * 127 * Product::kSteps <= INT32_MAX;

template <class Product>
void quantize(const PrepareCall& call) {
  static_assert(kSumsFit<Product>);
  const int groups = int8_groups(call.width);
  for (int r = 0; r < call.rows; r++) {
    const float* in = call.in + r * call.in_stride;
    typename Product::Activation* out = (typename Product::Activation*)call.out + r * call.out_stride;
    for (int g = 0; g < groups; g++) {
      const int begin = g * kInt8Group, end = begin + kInt8Group < call.width ? begin + kInt8Group : call.width;
      Float low = load(in + begin), high = low, zero = splat(0.0f);
      for (int k = begin; k < end; k += kLanes) {
        const Float x = load(in + k);
        low = min(low, x);
        high = max(high, x);
        zero = fma(x, splat(0.0f), zero);  // not a number as soon as one x is not finite
      }
      const float bottom = lowest(low), step = (highest(high) - bottom) / Product::kSteps + sum(zero);
      call.ranges[r * groups + g] = {bottom, step};
      const Float inverse = splat(step > 0.0f ? 1.0f / step : 0.0f), base = splat(bottom);
      for (int k = begin; k < end; k += kLanes) {
        Product::store_activations(out + k, mul(sub(load(in + k), base), inverse));
      }
    }
  }
}

template <class Product>
struct Int8Tile {
  const LinearCall& call;
  const int8_t* weights;  // of the panel, from the first input on
  const float* bias;      // null: none
  const float* residual;  // null: none
  const float* scales;  // of the first group, as the sums
  const float* sums;
  float* out;
  const char* ahead;
  ptrdiff_t ahead_per_row;

  template <int kRows>
  __attribute__((noinline)) void run(int first) const {
    const int groups = int8_groups(call.inputs);
    const ptrdiff_t stride = call.operand.stride;
    const typename Product::Activation* a = (const typename Product::Activation*)call.operand.data + first * stride;
    const Int8Range* ranges = call.operand.ranges + first * groups;
    const char* fetched = ahead + first * ahead_per_row;
    float* to = out + first * call.row_stride;
    RERANK_UNROLL
    for (int i = 0; i < kRows; i++) {
      RERANK_UNROLL
      for (int j = 0; j < kTileVectors; j++) {
        Float c = residual ? load(residual + (first + i) * call.residual_stride + j * kLanes) : splat(0.0f);
        if (bias) c = add(c, load(bias + j * kLanes));
        store(to + i * call.row_stride + j * kLanes, c);
      }
    }
    for (int g = 0; g < groups; g++) {
      const int begin = g * kInt8Group, end = begin + kInt8Group < call.inputs ? begin + kInt8Group : call.inputs;
      Sums<Product, kRows> c;
      clear<Product, kRows>(c);
      multiply<Product, kRows>(c, a + begin, stride, weights + (ptrdiff_t)begin * kTileColumns, end - begin, fetched);
      fetched += (end - begin) / (8 * Product::kGroup) * 64;
      const float* group_sums = sums + (ptrdiff_t)g * call.layer->outputs;
      const float* group_scales = scales + (ptrdiff_t)g * call.layer->outputs;
      RERANK_UNROLL
      for (int i = 0; i < kRows; i++) {
        const Int8Range range = ranges[i * groups + g];
        // Stored activations are steps + kZero.
        const Float step = splat(range.step), bottom = splat(range.lowest - Product::kZero * range.step);
        RERANK_UNROLL
        for (int j = 0; j < kTileVectors; j++) {
          float* p = to + i * call.row_stride + j * kLanes;
          const Float product = fma(to_float(c[i][j]), step, mul(bottom, load(group_sums + j * kLanes)));
          store(p, fma(product, load(group_scales + j * kLanes), load(p)));
        }
      }
    }
    apply(call.finish, to, call.row_stride, kRows);
  }
};

template <class Product>
void int8_linear(const LinearCall& call) {
  const PackedLinear& layer = *call.layer;
  for (int panel = 0; panel < call.panels; panel++) {
    const int column = (call.first_panel + panel) * kTileColumns;
    const int8_t* weights = (const int8_t*)layer.weights + (ptrdiff_t)column * layer.inputs;
    const ptrdiff_t group = (ptrdiff_t)(call.first_input / kInt8Group) * layer.outputs + column;
    const Int8Tile<Product> tile{call,
                             weights + (ptrdiff_t)call.first_input * kTileColumns,
                             call.add_bias ? layer.bias + column : nullptr,
                             call.residual ? call.residual + panel * kTileColumns : nullptr,
                             layer.scales + group,
                             layer.sums + group,
                             call.out + panel * call.panel_stride,
                             (const char*)(weights + (ptrdiff_t)(layer.inputs + call.first_input) * kTileColumns),
                             (ptrdiff_t)call.inputs * kTileColumns / call.rows};
    for_each_tile(call.rows, tile);
  }
}

}  // namespace
}  // namespace rerank
