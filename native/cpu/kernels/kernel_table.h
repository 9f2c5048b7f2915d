// All kernels that need nothing but the vectors of one instruction set, and the tables made of them; include after one
// of the simd_*.h.
#pragma once
#include "cpu/kernels.h"
#include "cpu/kernels/elementary.h"
#include "cpu/kernels/tile.h"
// These use the ones above.
#include "cpu/kernels/attention.h"
#include "cpu/kernels/float_linear.h"
#include "cpu/kernels/int8_linear.h"
#include "cpu/kernels/rows.h"

namespace rerank {
namespace {

constexpr KernelTable kernel_table(const char* instruction_set, WeightLayout layout, int operand_size, int operand_steps,
                                   void (*prepare)(const PrepareCall&), void (*linear)(const LinearCall&)) {
  return {.instruction_set = instruction_set,
          .layout = layout,
          .lanes = kLanes,
          .tile_rows = kTileRows,
          .tile_columns = kTileColumns,
          .operand_size = operand_size,
          .operand_steps = operand_steps,
          .widen = widen,
          .transpose_panel = transpose_panel,
          .embed = embed,
          .normalize = normalize,
          .prepare = prepare,
          .linear = linear,
          .attend = attend,
          .attention_scratch = attention_scratch};
}

template <class Product>
constexpr KernelTable float_table(const char* instruction_set, WeightLayout layout) {
  return kernel_table(instruction_set, layout, sizeof(float), 0, nullptr, float_linear<Product>);
}

template <class Product>
constexpr KernelTable int8_table(const char* instruction_set) {
  return kernel_table(instruction_set, Product::kGroup == 2 ? WeightLayout::kInt8Pairs : WeightLayout::kInt8Quads,
                      sizeof(typename Product::Activation), Product::kSteps, quantize<Product>, int8_linear<Product>);
}

}  // namespace
}  // namespace rerank
