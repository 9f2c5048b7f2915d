#pragma once
#include <optional>
#include <string>
#include <vector>

#include "model/tensor.h"

namespace rerank {

enum class Activation { kGelu, kGeluTanh, kRelu };
// Where LayerNorm sits: after the residual sum (BERT). Pre-norm families will add their own value.
enum class NormPlacement { kPost };
enum class PositionKind { kLearned };

// What an encoder needs to know to run a sequence classifier; no family names.
struct Architecture {
  int layers = 0;
  int hidden_size = 0;
  int heads = 0;
  int head_size = 0;
  int intermediate_size = 0;
  int vocab_size = 0;
  int type_vocab_size = 0;
  int max_positions = 0;
  int labels = 0;
  float norm_epsilon = 1e-12f;
  Activation activation = Activation::kGelu;
  NormPlacement norm_placement = NormPlacement::kPost;
  PositionKind positions = PositionKind::kLearned;
};

// y = x W^T + b; weight is [out, in], bias [out].
struct Linear {
  Tensor weight;
  std::optional<Tensor> bias;
};

struct LayerNorm {
  Tensor weight;
  Tensor bias;
};

struct Layer {
  Linear query, key, value, attention_output;
  LayerNorm attention_norm;
  Linear up, down;
  LayerNorm output_norm;
};

// A checked model in host memory: every tensor has the shape its architecture says.
// Logits = classifier(tanh(pooler(hidden of the first token))).
struct Transformer {
  Architecture architecture;
  Tensor word_embeddings;      // [vocab, hidden]
  Tensor position_embeddings;  // [positions, hidden]
  Tensor type_embeddings;      // [types, hidden]
  LayerNorm embedding_norm;
  std::vector<Layer> layers;
  Linear pooler;      // [hidden, hidden]
  Linear classifier;  // [labels, hidden]
};

}  // namespace rerank
