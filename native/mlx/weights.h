#pragma once
#include <mlx/mlx.h>

#include <vector>

#include "model/transformer.h"

namespace rerank {

// y = x * weight + bias, weight already transposed to [in, out].
struct MlxLinear {
  mlx::core::array weight;
  mlx::core::array bias;
};

struct MlxNorm {
  mlx::core::array weight;
  mlx::core::array bias;
};

struct MlxLayer {
  MlxLinear query_key_value;  // one product of three times the width
  MlxLinear attention_output;
  MlxNorm attention_norm;
  MlxLinear up, down;
  MlxNorm output_norm;
};

// A model in MLX arrays of one dtype, evaluated. The head is float32 whatever the dtype: it is small, and its output
// is what users compare.
struct MlxWeights {
  mlx::core::array word_embeddings, position_embeddings, type_embeddings;
  MlxNorm embedding_norm;
  std::vector<MlxLayer> layers;
  MlxLinear pooler, classifier;

  MlxWeights(const Transformer& model, mlx::core::Dtype dtype);
  size_t bytes() const;

 private:
  std::vector<mlx::core::array> all() const;
};

}  // namespace rerank
