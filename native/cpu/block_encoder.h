#pragma once
#include <span>
#include <vector>

#include "cpu/aligned_array.h"
#include "cpu/kernels.h"
#include "cpu/packed_model.h"
#include "engine/encoder.h"

namespace rerank {

// One thread's share of a batch: takes blocks of whole sequences through the layers and keeps, of the last layer,
// only what the pooler reads: the first token of each sequence. score() finishes those rows together.
class BlockEncoder {
 public:
  BlockEncoder(const PackedModel& model, const KernelTable& layers, const KernelTable& head);

  // Forgets what an earlier batch left behind, should it have failed.
  void begin();
  void encode(const PackedBatch& batch, std::span<const int> sequences);
  // Writes the logits of every sequence encoded since begin(); `logits` is [sequences of the batch][labels].
  void score(std::span<float> logits);
  size_t bytes() const;

 private:
  // Float rows whose distance is an odd number of cache lines, so that a tile of them spreads over the cache's sets.
  struct Rows {
    AlignedArray<float> data;
    ptrdiff_t stride = 0;

    float* row(ptrdiff_t r) { return data.data() + r * stride; }
  };
  struct OperandBuffer {
    AlignedArray<std::byte> data;
    AlignedArray<Int8Range> ranges;
  };

  void embed(const PackedBatch& batch, std::span<const int> sequences);
  void attend(const PackedLayer& layer, std::span<const int> lengths, int tokens, bool last);
  // Everything of a layer behind attention, in place on `rows` rows of x.
  void finish_layer(const PackedLayer& layer, float* x, float* context, int rows);
  void feed_forward(const PackedLayer& layer, float* x, int rows);
  void normalize(const PackedNorm& norm, const float* in, ptrdiff_t in_stride, float* out, int rows) const;
  Operand operand(const float* rows, ptrdiff_t stride, int count, int width, OperandBuffer& buffer) const;
  void reserve_block(int tokens, int longest);

  const PackedModel& model_;
  const KernelTable& kernels_;
  const KernelTable& head_kernels_;

  Rows x_, context_;         // [tokens]
  Rows inner_, sum_;         // [chunk rows]
  AlignedArray<float> q_, k_, v_;  // one head of a block
  AlignedArray<std::byte> scratch_;
  OperandBuffer x_operand_, first_operand_, context_operand_, inner_operand_;

  std::vector<int> pooled_sequences_;
  std::vector<float> pooled_x_, pooled_context_;  // [pooled sequences], rows as in x_ and context_
};

}  // namespace rerank
