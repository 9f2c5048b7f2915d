#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <string>

#include "engine/encoder.h"
#include "tests/random_transformer.h"

// Seeded stand-ins for the models and batches that the CPU encoder meets.
namespace rerank {

inline Architecture test_architecture(int layers, int heads, int head_size, int intermediate_size) {
  Architecture a;
  a.layers = layers;
  a.hidden_size = heads * head_size;
  a.heads = heads;
  a.head_size = head_size;
  a.intermediate_size = intermediate_size;
  a.vocab_size = 97;
  a.type_vocab_size = 2;
  a.max_positions = 512;
  a.labels = 1;
  return a;
}

// The same values stored in 16 bits, rounded towards zero.
inline Tensor stored_as(const Tensor& tensor, FloatType type) {
  Tensor out{.name = tensor.name, .type = type, .shape = tensor.shape};
  std::shared_ptr<std::byte[]> bytes(new std::byte[out.bytes()]);
  const std::vector<float> values = widen(tensor);
  for (size_t i = 0; i < values.size(); i++) {
    const uint32_t bits = std::bit_cast<uint32_t>(values[i]);
    const int exponent = static_cast<int>((bits >> 23) & 0xff) - 112;
    const uint32_t sign = (bits >> 16) & 0x8000, half = exponent <= 0 ? 0 : (exponent << 10) | ((bits >> 13) & 0x3ff);
    const uint16_t stored = static_cast<uint16_t>(type == FloatType::kFloat16 ? sign | half : bits >> 16);
    std::memcpy(bytes.get() + 2 * i, &stored, 2);
  }
  out.data = bytes;
  return out;
}

inline Transformer stored_as(Transformer model, FloatType type) {
  const auto convert = [&](Tensor& t) { t = stored_as(t, type); };
  const auto linear = [&](Linear& l) {
    convert(l.weight);
    if (l.bias) convert(*l.bias);
  };
  const auto norm = [&](LayerNorm& n) {
    convert(n.weight);
    convert(n.bias);
  };
  for (Tensor* t : {&model.word_embeddings, &model.position_embeddings, &model.type_embeddings}) convert(*t);
  for (Layer& l : model.layers) {
    for (Linear* part : {&l.query, &l.key, &l.value, &l.attention_output, &l.up, &l.down}) linear(*part);
    norm(l.attention_norm);
    norm(l.output_norm);
  }
  norm(model.embedding_norm);
  linear(model.pooler);
  linear(model.classifier);
  return model;
}

// Lengths distributed like question-passage pairs: mean about 87.
inline std::vector<int> passage_lengths(int count, int longest, uint32_t seed) {
  std::mt19937 random(seed);
  std::lognormal_distribution<double> length(4.36, 0.46);
  std::vector<int> lengths(count);
  for (int& l : lengths) l = std::clamp(static_cast<int>(length(random)), 1, longest);
  return lengths;
}

// One sequence of a batch, appended to another.
inline void append(OwnedBatch& to, const OwnedBatch& from, int sequence) {
  const int begin = from.offsets[sequence], end = from.offsets[sequence + 1];
  to.input_ids.insert(to.input_ids.end(), from.input_ids.begin() + begin, from.input_ids.begin() + end);
  to.token_type_ids.insert(to.token_type_ids.end(), from.token_type_ids.begin() + begin, from.token_type_ids.begin() + end);
  to.offsets.push_back(static_cast<int32_t>(to.input_ids.size()));
}

}  // namespace rerank
