#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "engine/encoder.h"
#include "model/transformer.h"

// Seeded stand-ins for models and batches: numbers of realistic size, no files.
namespace rerank::test {

using Random = std::mt19937;

inline uint16_t to_half(float x) {  // normal numbers only, rounded towards zero
  const uint32_t bits = std::bit_cast<uint32_t>(x);
  const int exponent = static_cast<int>((bits >> 23) & 0xff) - 112;
  const uint16_t sign = static_cast<uint16_t>((bits >> 16) & 0x8000);
  return exponent <= 0 ? sign : static_cast<uint16_t>(sign | (exponent << 10) | ((bits >> 13) & 0x3ff));
}

inline Tensor random_tensor(Random& random, std::vector<int64_t> shape, float mean, float deviation, FloatType type) {
  Tensor tensor{.name = "random", .type = type, .shape = std::move(shape)};
  std::shared_ptr<std::byte[]> data(new std::byte[std::max<size_t>(tensor.bytes(), 1)]);
  std::normal_distribution<float> normal(mean, deviation);
  for (size_t i = 0; i < tensor.elements(); i++) {
    const float value = normal(random);
    if (type == FloatType::kFloat32) {
      std::memcpy(data.get() + i * 4, &value, 4);
    } else {
      const uint16_t bits = type == FloatType::kFloat16 ? to_half(value)
                                                        : static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16);
      std::memcpy(data.get() + i * 2, &bits, 2);
    }
  }
  tensor.data = std::move(data);
  return tensor;
}

inline Architecture architecture(int layers, int heads, int head_size, int intermediate_size, int labels = 1,
                                 Activation activation = Activation::kGelu) {
  return {.layers = layers,
          .hidden_size = heads * head_size,
          .heads = heads,
          .head_size = head_size,
          .intermediate_size = intermediate_size,
          .vocab_size = 97,
          .type_vocab_size = 2,
          .max_positions = 512,
          .labels = labels,
          .norm_epsilon = 1e-12f,
          .activation = activation};
}

inline Transformer random_transformer(const Architecture& a, unsigned seed, FloatType type = FloatType::kFloat32,
                                      bool pooler_bias = true) {
  Random random(seed);
  const auto tensor = [&](std::vector<int64_t> shape, float mean, float deviation) {
    return random_tensor(random, std::move(shape), mean, deviation, type);
  };
  const auto linear = [&](int out, int in, bool bias = true) {
    Linear l{tensor({out, in}, 0.0f, 1.5f / std::sqrt(float(in))), std::nullopt};
    if (bias) l.bias = tensor({out}, 0.0f, 0.1f);
    return l;
  };
  const auto norm = [&] { return LayerNorm{tensor({a.hidden_size}, 1.0f, 0.2f), tensor({a.hidden_size}, 0.0f, 0.1f)}; };
  Transformer model;
  model.architecture = a;
  model.word_embeddings = tensor({a.vocab_size, a.hidden_size}, 0.0f, 0.5f);
  model.position_embeddings = tensor({a.max_positions, a.hidden_size}, 0.0f, 0.2f);
  model.type_embeddings = tensor({a.type_vocab_size, a.hidden_size}, 0.0f, 0.2f);
  model.embedding_norm = norm();
  for (int i = 0; i < a.layers; i++) {
    Layer layer;
    for (Linear* l : {&layer.query, &layer.key, &layer.value, &layer.attention_output}) *l = linear(a.hidden_size, a.hidden_size);
    layer.up = linear(a.intermediate_size, a.hidden_size);
    layer.down = linear(a.hidden_size, a.intermediate_size);
    layer.attention_norm = norm();
    layer.output_norm = norm();
    model.layers.push_back(std::move(layer));
  }
  model.pooler = linear(a.hidden_size, a.hidden_size, pooler_bias);
  model.classifier = linear(a.labels, a.hidden_size);
  return model;
}

struct OwnedBatch {
  std::vector<int32_t> ids;
  std::vector<uint8_t> types;
  std::vector<int32_t> offsets{0};

  PackedBatch view() const { return {ids, types, offsets}; }
  int sequences() const { return static_cast<int>(offsets.size()) - 1; }

  void append(const OwnedBatch& from, int sequence) {
    const int begin = from.offsets[sequence], end = from.offsets[sequence + 1];
    ids.insert(ids.end(), from.ids.begin() + begin, from.ids.begin() + end);
    types.insert(types.end(), from.types.begin() + begin, from.types.begin() + end);
    offsets.push_back(static_cast<int32_t>(ids.size()));
  }
};

inline OwnedBatch random_batch(const Architecture& a, const std::vector<int>& lengths, unsigned seed) {
  Random random(seed);
  std::uniform_int_distribution<int> id(0, a.vocab_size - 1), type(0, a.type_vocab_size - 1);
  OwnedBatch batch;
  for (int length : lengths) {
    for (int t = 0; t < length; t++) {
      batch.ids.push_back(id(random));
      batch.types.push_back(static_cast<uint8_t>(type(random)));
    }
    batch.offsets.push_back(static_cast<int32_t>(batch.ids.size()));
  }
  return batch;
}

// Lengths distributed like question-passage pairs: mean about 87, 1 to `longest`.
inline std::vector<int> passage_lengths(int count, int longest, unsigned seed) {
  Random random(seed);
  std::lognormal_distribution<double> length(4.36, 0.46);
  std::vector<int> lengths(count);
  for (int& l : lengths) l = std::clamp(static_cast<int>(length(random)), 1, longest);
  return lengths;
}

}  // namespace rerank::test
