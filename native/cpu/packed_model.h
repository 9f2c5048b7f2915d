#pragma once
#include <vector>

#include "cpu/packed_matrix.h"
#include "cpu/thread_pool.h"

namespace rerank {

struct PackedNorm {
  AlignedArray<float> weight, bias;
};

struct PackedLayer {
  PackedMatrix query, key, value, attention_output, up, down;
  PackedNorm attention_norm, output_norm;
};

// A model as the kernels want it. Every extent is filled up with zeros to whole panels, so kernels know no tails:
// heads one by one, the hidden size and the intermediate size.
struct PackedModel {
  // Takes `model` apart; a weight's memory is freed once it is packed.
  PackedModel(Transformer model, const KernelTable& layers, const KernelTable& head, ThreadPool& pool);

  Architecture architecture;
  int hidden;        // hidden_size, padded
  int head;          // head_size, padded
  int intermediate;  // intermediate_size, padded
  int chunk;         // columns of the intermediate layer computed at a time
  Tensor word_embeddings, position_embeddings, type_embeddings;  // as in the file
  PackedNorm embedding_norm;
  std::vector<PackedLayer> layers;
  PackedMatrix pooler, classifier;  // float32

  int attention_width() const { return architecture.heads * head; }
  size_t bytes() const;
};

}  // namespace rerank
