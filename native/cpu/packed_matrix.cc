#include "cpu/packed_matrix.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <vector>

namespace rerank {
namespace {

uint16_t to_bfloat16(float x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  if (std::isnan(x)) return static_cast<uint16_t>((bits >> 16) | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

size_t element_size(WeightLayout layout) {
  switch (layout) {
    case WeightLayout::kFloat32: return 4;
    case WeightLayout::kBFloat16:
    case WeightLayout::kBFloat16Pairs: return 2;
    case WeightLayout::kInt8Pairs:
    case WeightLayout::kInt8Quads: return 1;
  }
  return 4;
}

// Writes a panel of [inputs][columns] as [inputs / group][columns][group].
template <class T, class Convert>
void group_inputs(const float* panel, int inputs, int columns, int group, T* out, const Convert& convert) {
  for (int k = 0; k < inputs; k += group) {
    for (int j = 0; j < columns; j++) {
      for (int i = 0; i < group; i++) *out++ = convert(panel[size_t(k + i) * columns + j]);
    }
  }
}

void write_panel(const float* panel, int inputs, const KernelTable& kernels, std::byte* out) {
  const int columns = kernels.tile_columns, lanes = kernels.lanes;
  const auto to_int8 = [](float x) { return static_cast<int8_t>(x); };
  switch (kernels.layout) {
    case WeightLayout::kFloat32:
      std::copy_n(panel, size_t(inputs) * columns, reinterpret_cast<float*>(out));
      break;
    case WeightLayout::kBFloat16: {
      uint16_t* to = reinterpret_cast<uint16_t*>(out);
      for (const float* pair = panel; pair < panel + size_t(inputs) * columns; pair += 2 * lanes) {
        for (int j = 0; j < lanes; j++) {
          *to++ = to_bfloat16(pair[j]);
          *to++ = to_bfloat16(pair[j + lanes]);
        }
      }
      break;
    }
    case WeightLayout::kBFloat16Pairs:
      group_inputs(panel, inputs, columns, 2, reinterpret_cast<uint16_t*>(out), to_bfloat16);
      break;
    case WeightLayout::kInt8Pairs:
      group_inputs(panel, inputs, columns, 2, reinterpret_cast<int8_t*>(out), to_int8);
      break;
    case WeightLayout::kInt8Quads:
      group_inputs(panel, inputs, columns, 4, reinterpret_cast<int8_t*>(out), to_int8);
      break;
  }
}

// Replaces one group of an output's weights by whole numbers of steps, -127 to 127.
void to_steps(float* begin, float* end, float* scale, float* sum) {
  float highest = 0;
  for (float* w = begin; w < end; w++) highest = std::isfinite(*w) ? std::max(highest, std::fabs(*w)) : INFINITY;
  // Weights that are not finite become zeros of an infinite step: the result is not a number, as it should be.
  const float inverse = std::isfinite(highest) && highest > 0 ? 127 / highest : 0;
  *scale = highest / 127;
  *sum = 0;
  for (float* w = begin; w < end; w++) *sum += *w = inverse > 0 ? std::nearbyint(*w * inverse) : 0.0f;
}

}  // namespace

StoredFloat stored(FloatType type) {
  switch (type) {
    case FloatType::kFloat32: return StoredFloat::kFloat32;
    case FloatType::kFloat16: return StoredFloat::kFloat16;
    case FloatType::kBFloat16: return StoredFloat::kBFloat16;
  }
  return StoredFloat::kFloat32;
}

PackedMatrix::PackedMatrix(const Linear& source, const PackedExtent& out, const PackedExtent& in,
                           const KernelTable& kernels) {
  const int columns = kernels.tile_columns, inputs = in.total, outputs = out.total;
  const size_t panel_bytes = size_t(inputs) * columns * element_size(kernels.layout);
  const bool steps = kernels.operand_steps > 0;
  weights = AlignedArray<std::byte>(panel_bytes * (outputs / columns));
  bias = AlignedArray<float>(outputs);
  std::fill_n(bias.data(), outputs, 0.0f);
  if (source.bias) {
    const std::vector<float> values = widen(*source.bias);
    for (int i = 0; i < out.count(); i++) bias[out.packed(i)] = values[i];
  }
  if (steps) {
    scales = AlignedArray<float>(size_t(int8_groups(inputs)) * outputs);
    sums = AlignedArray<float>(size_t(int8_groups(inputs)) * outputs);
  }
  std::vector<int> file_row(outputs, -1);
  for (int i = 0; i < out.count(); i++) file_row[out.packed(i)] = i;

  AlignedArray<float> rows(size_t(columns) * inputs), panel(size_t(columns) * inputs);
  const StoredFloat type = stored(source.weight.type);
  for (int first = 0; first < outputs; first += columns) {
    std::fill_n(rows.data(), size_t(columns) * inputs, 0.0f);
    for (int j = 0; j < columns; j++) {
      float* row = &rows[size_t(j) * inputs];
      if (file_row[first + j] >= 0) {
        const std::byte* from =
            source.weight.data.get() + size_t(file_row[first + j]) * in.count() * size_of(source.weight.type);
        for (int g = 0; g < in.groups; g++) {
          kernels.widen(type, from + size_t(g) * in.size * size_of(source.weight.type), in.size, row + g * in.padded_size);
        }
      }
      for (int g = 0; steps && g < int8_groups(inputs); g++) {
        const size_t at = size_t(g) * outputs + first + j;
        to_steps(row + g * kInt8Group, row + std::min(inputs, (g + 1) * kInt8Group), &scales[at], &sums[at]);
      }
    }
    kernels.transpose_panel(rows.data(), inputs, panel.data());
    write_panel(panel.data(), inputs, kernels, weights.data() + size_t(first / columns) * panel_bytes);
  }
  linear = {.inputs = inputs,
            .outputs = outputs,
            .weights = weights.data(),
            .bias = bias.data(),
            .scales = scales.data(),
            .sums = sums.data()};
}

}  // namespace rerank
