#pragma once
#include "cpu/aligned_array.h"
#include "cpu/kernels.h"
#include "model/transformer.h"

namespace rerank {

// One extent of a matrix: `groups` runs of `size` in the file, each filled up to `padded_size`, all to `total`.
struct PackedExtent {
  int groups, size, padded_size, total;

  int count() const { return groups * size; }
  // Where a file's index goes.
  int packed(int index) const { return index / size * padded_size + index % size; }
};

// A linear layer in the layout of its kernels; what the file does not have is zero.
struct PackedMatrix {
  PackedMatrix() = default;
  PackedMatrix(const Linear& source, const PackedExtent& out, const PackedExtent& in, const KernelTable& kernels);

  size_t bytes() const { return weights.bytes() + bias.bytes() + scales.bytes() + sums.bytes(); }

  AlignedArray<std::byte> weights;
  AlignedArray<float> bias, scales, sums;
  PackedLinear linear{};
};

StoredFloat stored(FloatType type);

}  // namespace rerank
