#include "cpu/packed_model.h"

#include <algorithm>
#include <functional>

namespace rerank {
namespace {

constexpr int kChunkColumns = 384;
static_assert(kChunkColumns % kInt8Group == 0);

int round_up(int value, int multiple) { return (value + multiple - 1) / multiple * multiple; }

PackedNorm pack(const LayerNorm& source, int padded) {
  PackedNorm norm{AlignedArray<float>(padded), AlignedArray<float>(padded)};
  const auto fill = [&](const Tensor& from, AlignedArray<float>& to) {
    std::fill_n(to.data(), padded, 0.0f);
    widen(from, 0, from.elements(), to.data());
  };
  fill(source.weight, norm.weight);
  fill(source.bias, norm.bias);
  return norm;
}

}  // namespace

PackedModel::PackedModel(Transformer model, const KernelTable& kernels, const KernelTable& head_kernels, ThreadPool& pool)
    : architecture(model.architecture) {
  const Architecture& a = architecture;
  const int columns = kernels.tile_columns;
  hidden = round_up(a.hidden_size, columns);
  head = round_up(a.head_size, columns);
  intermediate = round_up(a.intermediate_size, columns);
  const int chunks = (intermediate + kChunkColumns - 1) / kChunkColumns;
  chunk = round_up((intermediate + chunks - 1) / chunks, kInt8Group);

  word_embeddings = std::move(model.word_embeddings);
  position_embeddings = std::move(model.position_embeddings);
  type_embeddings = std::move(model.type_embeddings);
  embedding_norm = pack(model.embedding_norm, hidden);
  layers.resize(a.layers);

  const PackedExtent plain{1, a.hidden_size, a.hidden_size, hidden};
  const PackedExtent by_head{a.heads, a.head_size, head, attention_width()};
  const PackedExtent inner{1, a.intermediate_size, a.intermediate_size, intermediate};
  const PackedExtent labels{1, a.labels, a.labels, round_up(a.labels, columns)};
  std::vector<std::function<void()>> tasks;
  const auto add = [&tasks](Linear& from, PackedMatrix& to, const PackedExtent& out, const PackedExtent& in,
                            const KernelTable& table) {
    tasks.push_back([&, out, in] {
      to = PackedMatrix(from, out, in, table);
      from = {};
    });
  };
  for (int i = 0; i < a.layers; i++) {
    Layer& from = model.layers[i];
    PackedLayer& to = layers[i];
    add(from.query, to.query, by_head, plain, kernels);
    add(from.key, to.key, by_head, plain, kernels);
    add(from.value, to.value, by_head, plain, kernels);
    add(from.attention_output, to.attention_output, plain, by_head, kernels);
    add(from.up, to.up, inner, plain, kernels);
    add(from.down, to.down, plain, inner, kernels);
    to.attention_norm = pack(from.attention_norm, hidden);
    to.output_norm = pack(from.output_norm, hidden);
  }
  add(model.pooler, pooler, plain, plain, head_kernels);
  add(model.classifier, classifier, labels, plain, head_kernels);

  std::atomic<size_t> next{0};
  pool.run([&](int) {
    for (size_t i; (i = next.fetch_add(1)) < tasks.size();) tasks[i]();
  });
}

size_t PackedModel::bytes() const {
  size_t total = word_embeddings.bytes() + position_embeddings.bytes() + type_embeddings.bytes() + pooler.bytes() +
                 classifier.bytes();
  for (const PackedLayer& l : layers) {
    for (const PackedMatrix* m : {&l.query, &l.key, &l.value, &l.attention_output, &l.up, &l.down}) total += m->bytes();
  }
  return total;
}

}  // namespace rerank
