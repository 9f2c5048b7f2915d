#pragma once
#include <cstring>
#include <random>

#include "model/transformer.h"

namespace rerank {

// A seeded model of any shape, for tests that compare encoders with each other.
inline Transformer random_transformer(const Architecture& a, uint32_t seed) {
  std::mt19937 random(seed);
  const auto tensor = [&](const char* name, std::vector<int64_t> shape, float mean, float spread) {
    Tensor t;
    t.name = name;
    t.shape = std::move(shape);
    std::normal_distribution<float> normal(mean, spread);
    std::shared_ptr<std::byte[]> bytes(new std::byte[t.elements() * 4]);
    for (size_t i = 0; i < t.elements(); i++) {
      const float value = normal(random);
      std::memcpy(bytes.get() + 4 * i, &value, 4);
    }
    t.data = bytes;
    return t;
  };
  const auto linear = [&](int out, int in) {
    return Linear{tensor("weight", {out, in}, 0, 1.5f / std::sqrt(float(in))), tensor("bias", {out}, 0, 0.1f)};
  };
  const auto norm = [&] {
    return LayerNorm{tensor("norm.weight", {a.hidden_size}, 1, 0.2f), tensor("norm.bias", {a.hidden_size}, 0, 0.1f)};
  };
  const int h = a.hidden_size, f = a.intermediate_size;
  Transformer model;
  model.architecture = a;
  model.word_embeddings = tensor("words", {a.vocab_size, h}, 0, 1);
  model.position_embeddings = tensor("positions", {a.max_positions, h}, 0, 0.3f);
  model.type_embeddings = tensor("types", {a.type_vocab_size, h}, 0, 0.3f);
  model.embedding_norm = norm();
  for (int i = 0; i < a.layers; i++) {
    model.layers.push_back({linear(h, h), linear(h, h), linear(h, h), linear(h, h), norm(), linear(f, h), linear(h, f), norm()});
  }
  model.pooler = linear(h, h);
  model.classifier = linear(a.labels, h);
  return model;
}

inline Architecture small_architecture() {
  Architecture a;
  a.layers = 2;
  a.hidden_size = 64;
  a.heads = 2;
  a.head_size = 32;
  a.intermediate_size = 128;
  a.vocab_size = 200;
  a.type_vocab_size = 2;
  a.max_positions = 100;
  a.labels = 1;
  return a;
}

// Owns what a PackedBatch views.
struct OwnedBatch {
  std::vector<int32_t> input_ids;
  std::vector<uint8_t> token_type_ids;
  std::vector<int32_t> offsets{0};

  PackedBatch view() const { return {input_ids, token_type_ids, offsets}; }
};

inline OwnedBatch random_batch(const Architecture& a, const std::vector<int>& lengths, uint32_t seed) {
  std::mt19937 random(seed);
  OwnedBatch batch;
  for (const int length : lengths) {
    for (int t = 0; t < length; t++) {
      batch.input_ids.push_back(static_cast<int32_t>(random() % a.vocab_size));
      batch.token_type_ids.push_back(static_cast<uint8_t>(random() % a.type_vocab_size));
    }
    batch.offsets.push_back(static_cast<int32_t>(batch.input_ids.size()));
  }
  return batch;
}

}  // namespace rerank
